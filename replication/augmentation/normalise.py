"""From bytes to the numbers that a network sees."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from replication.torch_settings import plain_tensors
from replication.validation import check_count

Triple = tuple[float, float, float]


def check_images(images: Tensor) -> None:
    """Check that `images` is a uint8 tensor [B, 3, H, W]; TypeError or ValueError otherwise."""
    if not isinstance(images, Tensor) or images.dtype != torch.uint8:
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"images is {kind}; it must be a uint8 tensor of shape [B, 3, H, W]")
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape[2:]:
        raise ValueError(f"images has shape {list(images.shape)}; it must be [B, 3, H, W]")


def check_statistics(mean: Triple, std: Triple) -> None:
    """Check that `mean` and `std` are three numbers each, the latter above zero; ValueError otherwise."""
    for name, values in (("mean", mean), ("std", std)):
        if len(values) != 3 or not all(abs(value) < float("inf") for value in values):
            raise ValueError(f"{name}={values} must be three finite numbers, one per channel")
    if min(std) <= 0:
        raise ValueError(f"std={std} must be three numbers > 0")


def normalise(pixels: Tensor, mean: Triple, std: Triple) -> Tensor:
    """Return (pixels - mean) / std for `pixels` [B, 3, H, W] in [0, 1], contiguous."""
    result = torch.empty(pixels.shape, dtype=pixels.dtype, device=pixels.device)
    for channel in range(3):  # plain numbers: a tensor of them would have to be copied to the device, which waits
        torch.mul(pixels[:, channel], 1 / std[channel], out=result[:, channel]).sub_(mean[channel] / std[channel])
    return result


@plain_tensors()
def as_input(images: Tensor, mean: Triple, std: Triple, size: int | None = None) -> Tensor:
    """Return `images` uint8 [B, 3, H, W] as a network's input without augmentation: float32 [B, 3, size, size].

    Values are divided by 255, then normalised. `size` (default: leave it) resizes by bilinear interpolation, averaged over
    more pixels when it shrinks.

    Raises:
        TypeError, ValueError: not a uint8 tensor [B, 3, H, W], or wrong statistics or size.
    """
    check_images(images)
    check_statistics(mean, std)
    pixels = images.float() / 255
    if size is not None and tuple(images.shape[2:]) != (check_count("size", size, 1), size):
        pixels = interpolate(pixels, size=(size, size), mode="bilinear", antialias=True)
    return normalise(pixels, mean, std)
