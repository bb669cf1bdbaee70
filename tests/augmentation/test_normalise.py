"""Inputs without augmentation."""

import pytest
import torch
from torchvision.transforms import functional as tv

from replication.augmentation import as_input

MEAN, STD = (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)


def bytes_like(*shape):
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [None, 32])
def test_the_values_are_those_of_torchvision(size):
    images = bytes_like(5, 3, 32, 32)
    x = as_input(images, MEAN, STD, size)
    assert x.dtype == torch.float32 and x.is_contiguous()
    torch.testing.assert_close(x, tv.normalize(images / 255, MEAN, STD), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [16, 48])
def test_resizing_is_that_of_torchvision(size):
    images = bytes_like(4, 3, 32, 24)
    expected = tv.normalize(tv.resize(images / 255, [size, size], antialias=True), MEAN, STD)
    torch.testing.assert_close(as_input(images, MEAN, STD, size), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((torch.zeros(2, 3, 4, 4), MEAN, STD), TypeError, r"^images is torch.float32; it must be a uint8 tensor"),
        (("cat", MEAN, STD), TypeError, r"^images is str; it must be a uint8 tensor of shape \[B, 3, H, W\]$"),
        ((bytes_like(3, 4, 4), MEAN, STD), ValueError, r"^images has shape \[3, 4, 4\]; it must be \[B, 3, H, W\]$"),
        ((bytes_like(2, 4, 4, 3), MEAN, STD), ValueError, r"^images has shape \[2, 4, 4, 3\]; it must be \[B, 3, H, W\]$"),
        ((bytes_like(2, 3, 4, 4), MEAN[:2], STD), ValueError, r"^mean=.* must be three finite numbers"),
        ((bytes_like(2, 3, 4, 4), MEAN, (1, 0, 1)), ValueError, r"^std=\(1, 0, 1\) must be three numbers > 0$"),
        ((bytes_like(2, 3, 4, 4), MEAN, STD, 0), ValueError, r"^size=0 must be >= 1$"),
        ((bytes_like(2, 3, 4, 4), MEAN, STD, 2.5), TypeError, r"^size=2.5 must be an integer$"),
    ],
)
def test_wrong_inputs_are_refused_in_one_line(arguments, error, message):
    with pytest.raises(error, match=message):
        as_input(*arguments)
