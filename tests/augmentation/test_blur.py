"""Blur: each sample as torchvision blurs a single image."""

import pytest
import torch
from scipy.stats import kstest
from torchvision.transforms import functional as tv

from replication.augmentation.blur import NO_BLUR, blur_weights, draw_widths, gaussian_blur, kernel_radius


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("size", "radius"), [(24, 3), (24, 8), (5, 4), (2, 1)])
def test_every_sample_is_what_torchvision_makes_of_it(size, radius):
    images = torch.rand(12, 3, size, size, generator=generator())
    sigma = torch.linspace(0.1, 2.5, 12)
    for image, width, view in zip(images, sigma.tolist(), gaussian_blur(images, sigma, radius), strict=True):
        expected = tv.gaussian_blur(image, [2 * radius + 1] * 2, [width] * 2)
        torch.testing.assert_close(view, expected, atol=1e-5, rtol=0)


def test_a_left_out_sample_keeps_every_bit():
    images = torch.rand(2, 3, 16, 16, generator=generator())
    assert torch.equal(gaussian_blur(images, torch.full((2,), NO_BLUR), 8), images)


def test_weights_are_a_mean_and_the_middle_row_is_symmetric():
    weights = blur_weights(torch.tensor([0.9, 1.7]), 33, 7)
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 33))
    torch.testing.assert_close(weights[:, 16], weights[:, 16].flip(1))
    assert (weights[:, 16] > 0).sum(1).tolist() == [15, 15]


def test_widths_are_uniform_and_left_out_with_the_stated_probability():
    widths = draw_widths(20_000, (0.1, 2.0), 0.5, generator())
    left_out = widths == torch.tensor(NO_BLUR)
    assert abs(left_out.float().mean() - 0.5) < 0.012
    assert kstest(widths[~left_out].numpy(), "uniform", args=(0.1, 1.9)).pvalue > 1e-3


def test_the_kernel_holds_four_deviations_but_not_more_than_the_mirror():
    assert kernel_radius(2.0, 224) == 8
    assert kernel_radius(2.1, 224) == 9
    assert kernel_radius(2.0, 5) == 4
