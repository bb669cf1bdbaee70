"""Count the flat directions at an optimum: does it belong to a continuous family, beyond rotating all embeddings together?"""

import numpy as np
import torch
from torch.autograd.functional import hessian

from replication.losses import mini_batch_loss

FLAT_CURVATURE = 1e-6


def flat_directions(batches: np.ndarray, u: np.ndarray, v: np.ndarray) -> int:
    """Return how many directions have a curvature below 1e-6 at a stationary point, besides those that change nothing.

    Lengthening a row and rotating all rows together change nothing: 2N directions and the dimension of the orbit of O(d).
    A count above 0 is necessary for a continuous family of optima, not sufficient: the loss may still rise with the fourth
    power of the distance.

    Args:
        batches: the family [M, B] of mini-batches that are averaged.
        u, v: unit rows [N, d] at which the gradient vanishes.
    """
    n, d = u.shape
    family = torch.as_tensor(batches)

    def loss(free):
        """Return the mean loss (nats) over the family of u, v stacked [2, n, d]."""
        return mini_batch_loss(free[0], free[1], family, normalize=True, validate=False)

    curvature = hessian(loss, torch.from_numpy(np.stack([u, v]))).view(2 * n * d, 2 * n * d)
    flat = int((torch.linalg.eigvalsh(curvature).abs() < FLAT_CURVATURE).sum())
    return flat - 2 * n - _orbit_dimension(u, v)


def _orbit_dimension(u: np.ndarray, v: np.ndarray) -> int:
    """Return the dimension of the set of rotated copies: that of O(d) less that of the rotations which fix all rows."""
    d = u.shape[1]
    missing = d - int(np.linalg.matrix_rank(np.concatenate([u, v]), tol=1e-6))
    return (d * (d - 1) - missing * (missing - 1)) // 2
