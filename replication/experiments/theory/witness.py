"""Evaluate the loss of stored points again in 50-digit arithmetic, so that a small difference is no rounding error."""

from itertools import combinations

import mpmath
import numpy as np

DIGITS = 50


def exact_mean_loss(u: np.ndarray, v: np.ndarray, batch_size: int) -> mpmath.mpf:
    """Return the mean of eq. (1) over all C(N, B) batches, in nats, with 50 digits; B = N is the full-batch loss.

    The float64 rows [N, d] are taken as exact numbers and scaled to norm 1 in 50 digits.
    """
    with mpmath.workdps(DIGITS):
        left, right = _unit_rows(u), _unit_rows(v)
        n = len(left)
        logits = [[mpmath.fdot(a, b) for b in right] for a in left]
        exponential = [[mpmath.exp(value) for value in row] for row in logits]
        total = mpmath.mpf(0)
        batches = list(combinations(range(n), batch_size))
        for batch in batches:
            # The logarithm of a product costs one call instead of 2 B.
            product = mpmath.mpf(1)
            for i in batch:
                product *= sum(exponential[i][j] for j in batch) * sum(exponential[j][i] for j in batch)
            total += mpmath.log(product)
        own = mpmath.fsum(logits[i][i] for i in range(n))
        # Each sample lies in the fraction B/N of the batches.
        return total / (len(batches) * batch_size) - 2 * own / n


def _unit_rows(x: np.ndarray) -> list[list[mpmath.mpf]]:
    rows = [[mpmath.mpf(float(value)) for value in row] for row in x]
    return [[value / mpmath.norm(row) for value in row] for row in rows]
