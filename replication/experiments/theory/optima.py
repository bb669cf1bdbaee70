"""Lemma 1, Theorem 3 and Theorem 4: the optimum of the mean loss over all C(N, B) batches, B = N being the full batch.

With q = exp(-N/(N-1)) and p = (B-1)/(N-1), the chance that a sample's antipode is in its batch, the optimal losses are

    simplex ETF (N <= d + 1):    2 log(1 + (B-1) q)
    cross-polytope (N = 2d):     2 [ p log(e + 1/e + B - 2) + (1-p) log(e + B - 1) - 1 ]

Expected: every best loss found equals the closed form, and every point that reaches it has the Gram matrix of the theorem.
"""

from math import comb, e, exp, log

import numpy as np
import pandas as pd
import torch

from replication.experiments.theory.minimise import Solution, best, minimise_many
from replication.experiments.theory.objective import MeanBatchLoss, all_batches
from replication.geometry import distance_to_optimum, target_name
from replication.validation import check_count

LOSS_TOLERANCE = 1e-9  # nats
DISTANCE_TOLERANCE = 1e-4  # Frobenius norm; the loss is flat to second order, so points are less certain than losses


def optimal_loss(n: int, d: int, batch_size: int) -> float:
    """Return the closed form above, in nats, for the mean over all C(N, B) batches.

    Raises:
        ValueError: B outside 2 ... N, or N > d + 1 and N != 2d, where no theorem gives the optimum.
    """
    check_count("batch_size", batch_size, 2, n, "n")
    name = target_name(n, d)
    if name is None:
        raise ValueError(f"(N, d)=({n}, {d}) has no known optimum; N must be <= d + 1 or equal to 2d")
    if name == "simplex ETF":
        return 2 * log(1 + (batch_size - 1) * exp(-n / (n - 1)))
    together = (batch_size - 1) / (n - 1)
    return 2 * (together * log(e + 1 / e + batch_size - 2) + (1 - together) * log(e + batch_size - 1) - 1)


def optima_table(cases: list[tuple[int, int]], starts: int, seed: int = 0, restriction: str = "none") -> pd.DataFrame:
    """Minimise from many starts for each (N, d) of `cases` and every B = 2 ... N, and compare with the theorem's optimum.

    Args:
        cases: pairs (N, d) with N <= d + 1 or N = 2d.
        starts, seed, restriction: as in `minimise_many`; Theorem 3 restricts to "antipodal".

    Returns:
        One row for each (N, d, B): `closed_form` and `best_loss` in nats, `excess` their difference, `reached` how many
        starts came within 1e-9 of the best, and over those the largest Frobenius distance of the Gram matrix U V^T to the
        theorem's and the largest ||U - V||.
    """
    return pd.DataFrame(_check_optimum(n, d, size, starts, seed, restriction) for n, d in cases for size in range(2, n + 1))


def _check_optimum(n: int, d: int, batch_size: int, starts: int, seed: int, restriction: str) -> dict:
    expected = optimal_loss(n, d, batch_size)
    objective = MeanBatchLoss(all_batches(n, batch_size), n)
    runs = minimise_many(objective, n, d, starts, seed, restriction)
    top = best(runs).loss
    reached = [run for run in runs if run.loss <= top + LOSS_TOLERANCE]
    return {
        "N": n,
        "d": d,
        "B": batch_size,
        "batches": comb(n, batch_size),
        "restriction": restriction,
        "closed_form": expected,
        "best_loss": top,
        "excess": _rounded(top - expected, 12),
        "starts": starts,
        "reached": len(reached),
        "gram_distance": _rounded(max(_distance(run, d) for run in reached), 6),
        "u_minus_v": _rounded(max(float(np.linalg.norm(run.u - run.v)) for run in reached), 6),
    }


def _distance(run: Solution, d: int) -> float:
    return float(distance_to_optimum(torch.from_numpy(run.gram), d))


def _rounded(value: float, digits: int) -> float:
    """Cut off rounding noise, which differs between machines; + 0.0 turns -0.0 into 0.0."""
    return round(value, digits) + 0.0
