"""Cheap, honest embeddings of images: principal components of the pixels, of two augmented views of each image."""

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from replication.validation import check_count, unit_rows


def two_views(images: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two independent augmentations of images [N, height, width, channels] as float32 in [0, 1].

    A shift by up to a sixteenth of the width in each direction (edges repeated; none for digits), a contrast in 0.6-1.4, a
    brightness within 0.2, and pixel noise of standard deviation 0.1; all drawn for each image and view on its own. Milder
    than for training: principal components of pixels do not learn to ignore mirror images or large shifts.
    """
    generator = np.random.default_rng(seed)
    return _augment(images, generator), _augment(images, generator)


def _augment(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    count, height, width, _ = images.shape
    reach = width // 16
    padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    top, left = generator.integers(0, 2 * reach + 1, size=(2, count))
    rows, columns = top[:, None] + np.arange(height), left[:, None] + np.arange(width)
    view = padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]].astype(np.float32) / 255
    contrast, brightness = (
        generator.uniform(*limits, size=(count, 1, 1, 1)).astype(np.float32) for limits in ((0.6, 1.4), (-0.2, 0.2))
    )
    mean = view.mean(axis=(1, 2, 3), keepdims=True)
    view = (view - mean) * contrast + mean + brightness
    view += 0.1 * generator.standard_normal(view.shape, dtype=np.float32)
    return view.clip(0, 1)


def pixel_components(images: np.ndarray, dimensions: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return the embeddings u, v [N, dimensions] of two augmented views: unit rows, float32.

    The components are those of the images as they are; both views are projected on them.

    Args:
        images: uint8 [N, height, width, channels].
        dimensions: number of principal components, at most the number of pixel values and of images.
        seed: decides the augmentation.

    Raises:
        ValueError: `dimensions` out of range.
    """
    pixels = int(np.prod(images.shape[1:]))
    check_count("dimensions", dimensions, 1, min(pixels, len(images)), "pixel values and images")
    flat = images.reshape(len(images), -1).astype(np.float32) / 255
    components = PCA(dimensions, svd_solver="covariance_eigh").fit(flat)
    views = [torch.from_numpy(components.transform(view.reshape(len(view), -1))) for view in two_views(images, seed)]
    return unit_rows("u", views[0]), unit_rows("v", views[1])
