"""Does a family of mini-batches have the full-batch optimum? Theorem 5, "never together", and figure 1(b).

For N <= d + 1 the full-batch optimum is the simplex ETF, unique up to rotation. A family that has another optimum shows it
twice: its mean loss at the ETF exceeds its optimum, and the gradient along the spheres at the ETF does not vanish.
"""

from itertools import chain, combinations
from math import comb

import numpy as np
import pandas as pd
import torch

from replication.experiments.theory.minimise import best, minimise_many, tangent_gradient_norm
from replication.experiments.theory.objective import MeanBatchLoss, all_batches
from replication.experiments.theory.points import simplex_rows
from replication.geometry import distance_to_etf, is_two_design, pair_counts

SAME_OPTIMUM = 1e-9  # nats: excess at the ETF below which it counts as an optimum of the family
OTHER_OPTIMUM = 1e-6  # nats: excess above which it is not one


def family_row(name: str, batches: np.ndarray, n: int, d: int, starts: int, seed: int = 0) -> dict:
    """Compare the simplex ETF with the best of many starts for one family of batches.

    Args:
        name: how the family is called in the table.
        batches: indices [M, B].
        n, d: pairs and dimensions, N <= d + 1.
        starts, seed: as in `minimise_many`.

    Returns:
        The size of the family, the range and spread (standard deviation / mean) of its pair counts, whether it is a
        2-design; in nats its loss at the ETF, its best loss and their difference `excess`; the norm of the gradient at the
        ETF, and the Frobenius distance of the best point's Gram matrix to that of the ETF.
    """
    objective = MeanBatchLoss(batches, n)
    rows = simplex_rows(n, d)
    at_etf = objective(rows, rows)[0]
    top = best(minimise_many(objective, n, d, starts, seed))
    family = torch.as_tensor(np.asarray(batches))
    counts = pair_counts(family, n).numpy()[np.triu_indices(n, 1)]
    return {
        "family": name,
        "N": n,
        "d": d,
        "B": family.shape[1],
        "batches": len(batches),
        "possible": comb(n, family.shape[1]),
        "least_pair_count": int(counts.min()),
        "largest_pair_count": int(counts.max()),
        "pair_count_spread": float(counts.std() / counts.mean()),
        "two_design": is_two_design(family, n),
        "loss_at_etf": at_etf,
        "best_loss": top.loss,
        "excess": round(at_etf - top.loss, 12) + 0.0,
        "gradient_at_etf": round(tangent_gradient_norm(objective, rows, rows), 12),
        "etf_distance": round(float(distance_to_etf(torch.from_numpy(top.gram))), 6),
    }


def pair_subsets_table(n: int, d: int, starts: int, seed: int = 0) -> pd.DataFrame:
    """Return one `family_row` for every strict, non-empty subset of the C(N, 2) pairs (B = 2): Theorem 5.

    Expected: a positive excess in every row. N = 4 has 62 subsets.
    """
    pairs = [tuple(pair) for pair in all_batches(n, 2).tolist()]
    subsets = chain.from_iterable(combinations(pairs, count) for count in range(1, len(pairs)))
    rows = (family_row(" ".join(f"{i}{j}" for i, j in subset), np.array(subset), n, d, starts, seed) for subset in subsets)
    return pd.DataFrame(rows).drop(columns="etf_distance")  # many of these families have a continuum of optima


def never_together_table(cases: list[tuple[int, int]], starts: int, seed: int = 0) -> pd.DataFrame:
    """Return for each (N, B) of `cases`, d = N - 1, the family of all batches that do not hold both samples 0 and 1.

    Expected: a positive excess in every row.
    """
    rows = []
    for n, size in cases:
        batches = all_batches(n, size)
        apart = batches[~((batches == 0).any(axis=1) & (batches == 1).any(axis=1))]
        rows.append(family_row("0 and 1 never together", apart, n, n - 1, starts, seed))
    return pd.DataFrame(rows)


def figure_1b_families() -> dict[str, np.ndarray]:
    """Return the three families of figure 1(b), N = 4: the full batch, all six pairs, and the two fixed pairs."""
    return {
        "full batch": np.arange(4)[None, :],
        "all 6 batches": all_batches(4, 2),
        "2 fixed batches": np.array([[0, 1], [2, 3]]),
    }
