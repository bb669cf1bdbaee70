"""Views of digits whose randomness is known: each image plus amounts of four directions, drawn with mean 0.

The directions are contrast, brightness, and shifts by a part of a pixel to the right and down (to first order). So an image's
view is linear in its four amounts, whose means are known: what a control variate needs.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Generator, LongTensor, Tensor

from replication.datasets import load_images
from replication.validation import check_count, check_positive

AMOUNTS = ("contrast", "brightness", "shift right", "shift down")
SPREADS = (0.3, 0.1, 0.4, 0.4)  # standard deviations: of the image, of the range of a pixel, of a pixel twice


@dataclass(frozen=True)
class ImageViews:
    """N images as x [N, D] and the directions [N, 4, D] of their views, scaled to amounts of standard deviation `strength`."""

    x: Tensor
    directions: Tensor
    strength: float = 1.0

    def amounts(self, draws: int, batch: LongTensor, generator: Generator) -> Tensor:
        """Draw the amounts of both views of a batch [B]: [draws, 2, B, 4], independent and of mean 0."""
        shape = draws, 2, len(batch), len(AMOUNTS)
        return self.strength * torch.randn(shape, generator=generator, dtype=self.x.dtype)

    def view(self, batch: LongTensor, amounts: Tensor) -> Tensor:
        """Return the views [..., B, D] of a batch [B] with amounts [..., B, 4]."""
        return self.x[batch] + (amounts[..., None, :] @ self.directions[batch]).squeeze(-2)


def digit_views(count: int, dimensions: int, strength: float, seed: int) -> ImageViews:
    """Return `count` random digits, as their first principal components, and their directions in the same coordinates.

    Raises:
        ValueError: a value out of range.
    """
    images = load_images("digits")[0].squeeze(-1).astype(float) / 255
    check_count("count", count, 2, len(images), "the digits there are")
    check_count("dimensions", dimensions, 2, 64, "the pixels of a digit")
    check_positive("strength", strength)
    down, right = np.gradient(images, axis=(1, 2))
    contrast = images - images.mean(axis=(1, 2), keepdims=True)
    moves = np.stack([contrast, np.ones_like(images), -right, -down], axis=1) * np.array(SPREADS)[:, None, None]
    fitted = PCA(dimensions, svd_solver="covariance_eigh").fit(images.reshape(len(images), -1))
    points = fitted.transform(images.reshape(len(images), -1))
    scale = np.sqrt(np.square(points).mean())
    chosen = np.random.default_rng([seed, 2]).permutation(len(images))[:count]
    directions = moves[chosen].reshape(count, len(AMOUNTS), -1) @ fitted.components_.T
    return ImageViews(torch.from_numpy(points[chosen] / scale), torch.from_numpy(directions / scale), strength)
