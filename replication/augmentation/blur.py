"""Gaussian blur with a width of its own for each sample."""

import math

import torch
from torch import Generator, Tensor

from replication.augmentation.separable import apply_separable

CUT = 4  # standard deviations after which the kernel ends
NO_BLUR = 1e-3  # pixels: a kernel this narrow is exactly the identity


def draw_widths(count: int, sigma: tuple[float, float], probability: float, generator: Generator) -> Tensor:
    """Return random standard deviations [count] in pixels, uniform in `sigma`, or next to none with 1 - `probability`."""
    u = torch.rand(2, count, generator=generator, dtype=torch.float32, device=generator.device)
    return torch.where(u[0] < probability, sigma[0] + (sigma[1] - sigma[0]) * u[1], NO_BLUR)


def kernel_radius(largest_sigma: float, size: int) -> int:
    """Return how many pixels the kernels reach to each side; a mirror image of more than `size` - 1 does not exist."""
    return min(math.ceil(CUT * largest_sigma), size - 1)


def gaussian_blur(images: Tensor, sigma: Tensor, radius: int) -> Tensor:
    """Return each image of `images` [B, C, S, S] blurred with its standard deviation `sigma` [B], in pixels.

    torchvision's gaussian_blur with kernel size 2 * radius + 1: the kernel ends there, and borders are mirrored.
    """
    weights = blur_weights(sigma, images.shape[-1], radius)
    return apply_separable(images, weights, weights)


def blur_weights(sigma: Tensor, size: int, radius: int) -> Tensor:
    """Return the matrices [B, size, size] that blur a line of `size` pixels, mirrored at its two ends."""
    pixel = torch.arange(size, device=sigma.device, dtype=sigma.dtype)
    source, output = pixel, pixel[:, None]
    # A source pixel is met at its own place and, unless it is the end itself, at its mirror images beyond both ends.
    beyond = 2 * size  # out of reach
    distances = (
        source - output,
        torch.where(source > 0, -source - output, beyond),
        torch.where(source < size - 1, 2 * (size - 1) - source - output, beyond),
    )
    sigma = sigma.view(-1, 1, 1)
    weights = sum(torch.exp(-0.5 * (d / sigma) ** 2) * (d.abs() <= radius) for d in distances)
    return weights / weights.sum(2, keepdim=True)
