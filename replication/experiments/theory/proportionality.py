"""Proposition 1: the loss over all C(N, B) batches is not a multiple of the full-batch loss.

A constant ratio is refuted by two points. At the collapse (all embeddings equal) the ratio is log B / log N; at random points
it scatters around another value.
"""

from math import log

import numpy as np
import pandas as pd

from replication.experiments.theory.objective import MeanBatchLoss, all_batches, full_batch
from replication.validation import check_count


def ratio_table(cases: list[tuple[int, int]], draws: int, seed: int = 0) -> pd.DataFrame:
    """Return the range of all-batches loss / full-batch loss over random unit rows, for each (N, d) and every 2 <= B < N.

    Args:
        cases: pairs (N, d).
        draws: random points each, >= 2.
        seed: >= 0.
    """
    check_count("draws", draws, 2)
    rows = []
    for n, d in cases:
        points = np.random.default_rng(seed).standard_normal((draws, 2, n, d))
        points /= np.linalg.norm(points, axis=3, keepdims=True)
        full = MeanBatchLoss(full_batch(n), n)
        for size in range(2, n):
            mean = MeanBatchLoss(all_batches(n, size), n)
            ratios = [mean(u, v)[0] / full(u, v)[0] for u, v in points]
            rows.append({"N": n, "d": d, "B": size, "draws": draws, "least_ratio": min(ratios), "largest_ratio": max(ratios)})
            rows[-1]["ratio_at_collapse"] = log(size) / log(n)
    return pd.DataFrame(rows)
