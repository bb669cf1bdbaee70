"""Colour: each sample as torchvision's functions change a single image; strengths and orders by torchvision's law."""

from collections import Counter
from itertools import permutations

import pytest
import torch
from scipy.stats import chisquare, ks_2samp
from torchvision.transforms import ColorJitter
from torchvision.transforms import functional as tv

from replication.augmentation.colour import draw_jitter, jitter, shift_hue, to_grey

OPERATIONS = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation, tv.adjust_hue)
STRENGTHS = (0.4, 0.4, 0.2, 0.1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def one_by_one(images, factors, order):
    views = []
    for image, amounts, sequence in zip(images, factors, order, strict=True):
        for operation in sequence.tolist():
            image = OPERATIONS[operation](image, float(amounts[operation]))
        views.append(image)
    return torch.stack(views)


@pytest.mark.parametrize("strengths", [STRENGTHS, (0.8, 0.8, 0.8, 0.5), (2.0, 1.0, 3.0, 0.0)])
def test_every_order_is_what_torchvision_does_to_single_images(strengths):
    order = torch.tensor([*permutations(range(4))] * 3)
    images = torch.rand(len(order), 3, 9, 7, generator=generator())
    factors, _ = draw_jitter(len(order), strengths, 1.0, generator(1))
    torch.testing.assert_close(jitter(images, factors, order), one_by_one(images, factors, order), atol=1e-5, rtol=0)


def test_neutral_factors_change_nothing():
    images = torch.rand(24, 3, 8, 8, generator=generator())
    neutral = torch.tensor([1.0, 1.0, 1.0, 0.0]).expand(24, 4)
    views = jitter(images, neutral, torch.tensor([*permutations(range(4))]))
    torch.testing.assert_close(views, images, atol=1e-6, rtol=0)


def test_hue_at_corners_ties_greys_and_every_byte_colour_of_a_lattice():
    levels = torch.tensor([0, 1, 64, 127, 128, 254, 255]) / 255
    colours = torch.cartesian_prod(levels, levels, levels).T.reshape(1, 3, 7, 49)
    shifts = torch.tensor([-0.5, -0.3, -1 / 6, -0.01, 0.0, 0.05, 1 / 3, 0.5])
    ours = shift_hue(colours.expand(len(shifts), -1, -1, -1), shifts)
    for view, shift in zip(ours, shifts.tolist(), strict=True):
        torch.testing.assert_close(view, tv.adjust_hue(colours[0], shift), atol=1e-5, rtol=0)
    greys = levels.expand(1, 3, 7, 7)
    assert torch.equal(shift_hue(greys, torch.tensor([0.3])), greys)


def test_hue_turns_a_third_from_red_to_green_to_blue():
    red, green, blue = torch.eye(3).view(3, 1, 3, 1, 1)
    third = torch.tensor([1 / 3])
    torch.testing.assert_close(shift_hue(red, third), green, atol=1e-6, rtol=0)
    torch.testing.assert_close(shift_hue(green, third), blue, atol=1e-6, rtol=0)
    torch.testing.assert_close(shift_hue(blue, third), red, atol=1e-6, rtol=0)


def test_only_chosen_samples_turn_grey():
    images = torch.rand(6, 3, 5, 4, generator=generator())
    chosen = torch.tensor([True, False, True, False, False, True])
    views = to_grey(images, chosen)
    expected = torch.stack([tv.rgb_to_grayscale(i, 3) if c else i for i, c in zip(images, chosen, strict=True)])
    torch.testing.assert_close(views, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("strengths", [STRENGTHS, (0.8, 1.5, 0.3, 0.5)])
def test_factors_follow_the_law_of_torchvision(strengths):
    factors, _ = draw_jitter(20_000, strengths, 1.0, generator())
    transform = ColorJitter(*strengths)
    torch.manual_seed(0)
    ranges = transform.brightness, transform.contrast, transform.saturation, transform.hue
    theirs = torch.tensor([ColorJitter.get_params(*ranges)[1:] for _ in range(2000)])
    for operation in range(4):
        assert ks_2samp(factors[:, operation].numpy(), theirs[:, operation].numpy()).pvalue > 1e-3, operation
    correlations = torch.corrcoef(torch.cat([factors[1:], factors[:-1]], dim=1).T) - torch.eye(8)
    assert correlations.abs().max() < 0.03  # of the operations and of neighbours in the batch


def test_orders_are_uniform_and_independent_of_the_factors():
    factors, order = draw_jitter(24_000, STRENGTHS, 1.0, generator())
    counts = Counter(map(tuple, order.tolist()))
    assert len(counts) == 24 and chisquare(list(counts.values())).pvalue > 1e-3
    first = factors[order[:, 0] == 3]
    assert ks_2samp(first[:, 0].numpy(), factors[:, 0].numpy()).pvalue > 1e-3


def test_jitter_is_left_out_with_the_stated_probability():
    factors, _ = draw_jitter(20_000, STRENGTHS, 0.8, generator())
    untouched = (factors == torch.tensor([1.0, 1.0, 1.0, 0.0])).all(1)
    assert abs(untouched.float().mean() - 0.2) < 0.01
    chosen, _ = draw_jitter(5_000, STRENGTHS, 1.0, generator(1))
    for operation in range(4):  # being left out says nothing about the factors
        left_in = factors[~untouched, operation]
        assert ks_2samp(left_in.numpy(), chosen[:, operation].numpy()).pvalue > 1e-3, operation
    assert not (factors[~untouched] == torch.tensor([1.0, 1.0, 1.0, 0.0])).any(1).float().mean() > 0.001
