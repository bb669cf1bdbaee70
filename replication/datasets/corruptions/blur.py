"""Blurs. Every function of the table takes images [N, 3, S, S] in [0, 1] and returns the same."""

import numpy as np
import torch
from scipy.ndimage import correlate, gaussian_filter1d
from torch.nn.functional import interpolate


def defocus_blur(x, parameters, generators, scale):
    """Average over a disk of the given radius whose edge is softened by a narrow Gaussian (radius, width), in pixels."""
    kernel = soft_disk(parameters[0] * scale, parameters[1] * scale, max(1, round(scale)))
    return correlate(x, kernel[None, None].astype(np.float32), mode="mirror")


def soft_disk(radius: float, width: float, reach: int) -> np.ndarray:
    """Return the kernel of `defocus_blur`: a disk of pixels, smoothed by a Gaussian of 2 * reach + 1 taps, of sum 1."""
    half = int(radius) + reach
    grid = np.arange(-half, half + 1)
    disk = (grid[:, None] ** 2 + grid**2 <= radius**2).astype(float)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    taps /= taps.sum()
    for axis in (0, 1):
        disk = np.apply_along_axis(np.convolve, axis, disk, taps, "same")
    return disk / disk.sum()


def glass_blur(x, parameters, generators, scale):
    """Blur, let every pixel take the value of a random neighbour up or left, blur again (width, reach, times).

    The published code meant to swap two neighbours; as NumPy hands out views, the pixel was only copied. So is it here.
    """
    width, reach, times = parameters
    reach, size = max(1, round(reach * scale)), x.shape[-1]
    x = np.floor(gaussian_blur(x, width * scale) * 255 + 1e-3) / 255
    sample = np.arange(len(x))[:, None, None]
    moved = np.arange(reach + 1, size)
    for _ in range(times):
        shifts = np.stack([g.integers(-reach, reach, (2, len(moved), len(moved))) for g in generators])
        rows = np.clip(moved[:, None] + shifts[:, 0], 0, size - 1)
        columns = np.clip(moved + shifts[:, 1], 0, size - 1)
        x[:, :, moved[:, None], moved] = np.moveaxis(x[sample, :, rows, columns], -1, 1)
    return gaussian_blur(x, width * scale)


def gaussian_blur(x: np.ndarray, width: float) -> np.ndarray:
    """Return `x` [..., S, S] convolved with a Gaussian of the given standard deviation, cut at 4 of them, edges repeated."""
    for axis in (-2, -1):
        x = gaussian_filter1d(x, width, axis=axis, mode="nearest")
    return x


def motion_blur(x, parameters, generators, scale):
    """Smear each image along its own random direction, within 45 degrees of the horizontal (length, width)."""
    angles = np.array([g.uniform(-45, 45) for g in generators])
    return smear(x, parameters[0] * scale, parameters[1] * scale, angles)


def smear(x: np.ndarray, length: float, width: float, degrees: np.ndarray) -> np.ndarray:
    """Return each image of `x` [N, C, S, S] averaged over 2 * length + 1 pixels in one direction, as ImageMagick does.

    The weights fall like half a Gaussian of the given width; points are rounded to pixels; edges are repeated.
    """
    taps = 2 * int(np.ceil(length)) + 1
    weights = np.exp(-0.5 * (np.arange(taps) / width) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    radians, size = np.deg2rad(degrees), x.shape[-1]
    sample, pixel = np.arange(len(x))[:, None, None], np.arange(size)
    channels_last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    result = np.zeros_like(channels_last)
    for tap, weight in enumerate(weights):
        rows = np.clip(pixel + np.ceil(tap * np.sin(radians) - 0.5).astype(int)[:, None], 0, size - 1)
        columns = np.clip(pixel + np.ceil(tap * np.cos(radians) - 0.5).astype(int)[:, None], 0, size - 1)
        result += weight * channels_last[sample, rows[:, :, None], columns[:, None, :]]
    return np.moveaxis(result, -1, 1)


def zoom_blur(x, factors, generators, scale):
    """Average the image with its enlargements by all the factors."""
    return (x + sum(clipped_zoom(x, factor) for factor in factors)) / (len(factors) + 1)


def clipped_zoom(x: np.ndarray, factor: float) -> np.ndarray:
    """Return the middle of `x` [N, C, S, S] enlarged by `factor` >= 1 (bilinear, corners on corners), cut to S x S."""
    size = x.shape[-1]
    kept = int(np.ceil(size / factor))
    first = (size - kept) // 2
    middle = torch.from_numpy(np.ascontiguousarray(x[..., first : first + kept, first : first + kept]))
    enlarged = round(kept * factor)
    zoomed = interpolate(middle, size=(enlarged, enlarged), mode="bilinear", align_corners=True).numpy()
    first = (enlarged - size) // 2
    return zoomed[..., first : first + size, first : first + size]


TABLE = {
    "defocus_blur": (defocus_blur, ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))),
    "glass_blur": (glass_blur, ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2))),
    "motion_blur": (motion_blur, ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))),
    "zoom_blur": (zoom_blur, tuple(np.arange(1, last, 0.01) for last in (1.06, 1.11, 1.16, 1.21, 1.26))),
}
