"""The mean contrastive loss over a family of mini-batches and its gradient, in NumPy and float64, for L-BFGS.

The family is a 0/1 matrix P [M, N] (batch x sample). With E_ij = exp(u_i.v_j - 1) the sums over a batch are P E^T and P E,
so value and gradient of all M batches cost a few small matrix products. `replication.losses` computes the same with
autograd and serves training; here tens of thousands of evaluations of tiny problems are needed, and the tests compare both.
"""

from itertools import combinations
from math import comb

import numpy as np

from replication.validation import check_count


class MeanBatchLoss:
    """L_mini(U, V; S_B) of section 3 of the paper, at temperature 1, as a function of unit rows.

    Args:
        batches: integer indices [M, B], one mini-batch a row; a single row with all samples is the full-batch loss, eq. (1).
        n: number of pairs N.

    Raises:
        ValueError: `batches` is not [M, B] with M, B >= 1, has an index outside 0 ... N-1 or one twice in a row.
    """

    def __init__(self, batches: np.ndarray, n: int):
        batches = np.asarray(batches)
        if batches.ndim != 2 or 0 in batches.shape or batches.min() < 0 or batches.max() >= n:
            raise ValueError(f"batches of shape {list(batches.shape)} must be [M, B] with indices in 0..{n - 1}")
        self.n = n
        self.member = np.zeros((len(batches), n))
        np.put_along_axis(self.member, batches, 1, axis=1)
        self.scale = 1 / batches.size
        if self.member.sum() != batches.size:
            raise ValueError("batches has an index twice in a row; each row must hold distinct indices")
        self._own = 2 * self.scale * self.member.sum(axis=0)  # weight of u_i.v_i in the loss

    def __call__(self, u: np.ndarray, v: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the loss in nats and its gradients [N, d] with respect to `u` and `v` [N, d], taken as free vectors."""
        member, logits = self.member, u @ v.T
        # Logits are at most 1 on the sphere: shifting by this bound keeps exp within [exp(-2), 1].
        exponential = np.exp(logits - 1)
        rows, columns = member @ exponential.T, member @ exponential
        loss = self.scale * np.vdot(member, np.log(rows * columns)) - self._own @ (logits.diagonal() - 1)
        slope = exponential * ((member / rows).T @ member + member.T @ (member / columns)) * self.scale
        np.fill_diagonal(slope, slope.diagonal() - self._own)
        return float(loss), slope @ v, slope.T @ u


def full_batch(n: int) -> np.ndarray:
    """Return the family [1, N] whose only batch holds all n samples."""
    return np.arange(check_count("n", n, 2))[None, :]


def all_batches(n: int, batch_size: int) -> np.ndarray:
    """Return all C(N, B) batches [C(N, B), B] in lexicographic order; ValueError unless 2 <= B <= N."""
    check_count("batch_size", batch_size, 2, check_count("n", n, 2), "n")
    return np.fromiter(combinations(range(n), batch_size), dtype=(np.int64, batch_size), count=comb(n, batch_size))
