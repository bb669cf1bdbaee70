"""The samples of this notebook: digits, or random points, each in two noisy views."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import LongTensor, Tensor

from replication.datasets import load_images
from replication.validation import check_choice, check_count, check_positive

SOURCES = ("digits", "random")


@dataclass(frozen=True)
class Samples:
    """N samples: two views x, y [N, D] (float64) and classes [N], all 0 where there are none."""

    x: Tensor
    y: Tensor
    labels: LongTensor


def clean_samples(source: str, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all samples of a source, of mean square 1 an entry, and their classes.

    "digits": the first principal components of the pixels of scikit-learn's 1,797 digits. "random": 2,000 Gaussian points.

    Raises:
        ValueError: unknown source, or more dimensions than the 64 pixels.
    """
    check_choice("source", source, SOURCES)
    check_count("dimensions", dimensions, 2, 64, "the pixels of a digit")
    if source == "random":
        return np.random.default_rng(0).standard_normal((2000, dimensions)), np.zeros(2000, dtype=np.int64)
    images, labels = load_images("digits")
    points = PCA(dimensions, svd_solver="covariance_eigh").fit_transform(images.reshape(len(images), -1).astype(float))
    return points / np.sqrt(np.square(points).mean()), labels


def two_views(source: str, count: int, dimensions: int, noise: float, seed: int) -> Samples:
    """Return `count` random samples of a source in two views, each the sample plus Gaussian noise of its own.

    Args:
        source: "digits" or "random".
        count: N.
        dimensions: D.
        noise: standard deviation of an entry's noise; the samples' entries have mean square 1.
        seed: decides which samples, and the noise.

    Raises:
        ValueError: a value out of range.
    """
    points, labels = clean_samples(source, dimensions)
    check_count("count", count, 2, len(points), f"the samples of {source}")
    check_positive("noise", noise)
    generator = np.random.default_rng([seed, 1])
    chosen = generator.permutation(len(points))[:count]
    x, y = (torch.from_numpy(points[chosen] + noise * generator.standard_normal((count, dimensions))) for _ in range(2))
    return Samples(x, y, torch.from_numpy(labels[chosen]).long())


def first_weights(outputs: int, dimensions: int, seed: int) -> Tensor:
    """Return a random encoder W [outputs, dimensions] (float64) of norm sqrt(outputs)."""
    weights = torch.randn(outputs, dimensions, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return weights * (outputs**0.5 / weights.norm())
