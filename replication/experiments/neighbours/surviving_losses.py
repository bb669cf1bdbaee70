"""Which losses survive mini-batches? The loss of a family of batches against that of the full batch, by enumeration.

Nine samples, batches of three, three families: all 84 batches, the 12 lines of the affine plane of order 3 (a 2-design: every
two samples share one line), and one fixed partition, three parallel lines. How a family's loss F relates to the full-batch
loss L is read off random points and, unless F and L are multiples of each other, off the minima that L-BFGS finds:

- equal, proportional: F = L, or F = c L, at all random points, within 1e-10.
- same optimum: each best point of F that was found is a best point of L.
- optimum among others: the best point of L is one of F, but F has others that are none of L: training may end elsewhere.
- another optimum: neither.

A gap counts from 1e-8 on, and as none up to 1e-9; in between the relation is undecided. The last three are evidence from a
search, not proofs.
"""

from itertools import combinations

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from torch import LongTensor, Tensor

from replication.experiments.neighbours.family_objectives import Objective, objectives
from replication.experiments.neighbours.workers import in_parallel
from replication.selection import AllBatches, FullBatch

SAMPLES, BATCH_SIZE = 9, 3
EQUAL, PROPORTIONAL, SAME, AMONG = "equal", "proportional", "same optimum", "optimum among others"
ANOTHER, UNDECIDED = "another optimum", "undecided"
IDENTITY = 1e-10  # largest difference at random points that counts as none
NO_GAP, GAP = 1e-9, 1e-8


def affine_plane() -> LongTensor:
    """Return the 12 lines of the affine plane over the field of 3 elements, [12, 3]: every two of 9 points share one line."""
    points = [divmod(point, 3) for point in range(SAMPLES)]
    lines = [
        triple
        for triple in combinations(range(SAMPLES), BATCH_SIZE)
        if all(sum(points[point][axis] for point in triple) % 3 == 0 for axis in (0, 1))
    ]
    return torch.tensor(lines)


def families() -> dict[str, LongTensor]:
    """Return the three families of batches [M, 3] by name."""
    partition = torch.arange(SAMPLES).view(-1, BATCH_SIZE)
    return {"all batches": AllBatches(BATCH_SIZE).plan(SAMPLES), "2-design": affine_plane(), "fixed": partition}


def random_points(d: int, seed: int) -> Tensor:
    """Return random unit rows u, v as [2, 9, d] (float64)."""
    points = torch.randn(2, SAMPLES, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return points / points.norm(dim=2, keepdim=True)


def find_minima(objective: Objective, batches: LongTensor, d: int, starts: int) -> list[tuple[float, Tensor]]:
    """Return (loss, points [2, 9, d]) of the minima that L-BFGS reaches from so many random starts, the best first.

    Every second start has u = v, as most optima have.
    """
    found = []
    for start in range(starts):
        first = random_points(d, start).numpy()
        first[1] = first[0] if start % 2 else first[1]

        def of_free(flat: np.ndarray) -> tuple[float, np.ndarray]:
            """Return the loss and its gradient [2 N d] at points that need not have norm 1, as one row."""
            free = torch.from_numpy(flat.reshape(2, SAMPLES, d)).requires_grad_()
            loss = objective(*_unit(free), batches)
            return float(loss.detach()), torch.autograd.grad(loss, free)[0].numpy().ravel()

        options = {"maxiter": 2000, "maxcor": 20, "ftol": 1e-16, "gtol": 1e-10}
        end = minimize(of_free, first.ravel(), jac=True, method="L-BFGS-B", options=options)
        found.append((float(end.fun), _unit(torch.from_numpy(end.x.reshape(2, SAMPLES, d)))))
    return sorted(found, key=lambda minimum: minimum[0])


def _unit(free: Tensor) -> Tensor:
    return free / free.norm(dim=2, keepdim=True)


def survival_table(dimensions: list[int], starts: int, draws: int, beta: float) -> pd.DataFrame:
    """Return how each objective of `family_objectives` relates to its full-batch loss on each family, for each d.

    Args:
        dimensions: d; up to 8 more than one sample less, the theorems of the paper hold.
        starts: of each search for minima.
        draws: random points at which losses are compared, >= 2.
        beta: of the partial AUC.

    Returns:
        One row for each d, loss and family: "relation"; "difference", the largest of |F - L| over the random points; "ratio
        spread", of F / L over them; "gap", how far the best point of L lies above the best of F in F; "worst end", how far the
        worst of the best points of F lies above the best of L in L; "starts agree", how many searches of L ended in its best
        loss. Losses in their own units; gaps are empty where F is a multiple of L.
    """
    jobs = [(_rows_of_loss, d, name, starts, draws, beta) for d in dimensions for name in objectives(beta)]
    return pd.DataFrame(row for rows in in_parallel(jobs) for row in rows)


def _rows_of_loss(d: int, name: str, starts: int, draws: int, beta: float) -> list[dict]:
    objective, everything = objectives(beta)[name], FullBatch().plan(SAMPLES)
    points = [random_points(d, 1000 + draw) for draw in range(draws)]
    full = torch.stack([objective(*pair, everything) for pair in points])
    minima = find_minima(objective, everything, d, starts)
    agree = sum(loss <= minima[0][0] + NO_GAP for loss, _ in minima)
    rows = []
    for family, batches in families().items():
        mine = torch.stack([objective(*pair, batches) for pair in points])
        relation = _relation(objective, batches, full, mine, minima, starts, d)
        rows.append({"d": d, "loss": name, "family": family} | relation | {"starts agree": agree})
    return rows


def _relation(objective, batches, full: Tensor, mine: Tensor, minima: list, starts: int, d: int) -> dict:
    factor = float((full * mine).sum() / full.square().sum())
    ratio = mine / full
    row = {"difference": float((mine - full).abs().max()), "ratio spread": float(ratio.max() - ratio.min())}
    row = {name: _cut(value) for name, value in row.items()}
    if row["difference"] <= IDENTITY:
        return {"relation": EQUAL} | row | {"gap": np.nan, "worst end": np.nan}
    if float((mine - factor * full).abs().max()) <= IDENTITY:
        return {"relation": PROPORTIONAL} | row | {"gap": np.nan, "worst end": np.nan}
    best, point = minima[0]
    own = find_minima(objective, batches, d, starts)
    gap = float(objective(*point, batches)) - own[0][0]
    ends = [float(objective(*end, FullBatch().plan(SAMPLES))) - best for loss, end in own if loss <= own[0][0] + NO_GAP]
    return {"relation": name_relation(gap, max(ends))} | row | {"gap": _cut(gap), "worst end": _cut(max(ends))}


def name_relation(gap: float, worst_end: float) -> str:
    """Return the relation of two losses that are no multiples of each other, from the gaps of `survival_table`."""
    if worst_end <= NO_GAP:
        return SAME
    if worst_end <= GAP or NO_GAP < gap <= GAP or gap < -NO_GAP:  # below 0 the search has missed the minimum
        return UNDECIDED
    return AMONG if gap <= NO_GAP else ANOTHER


def _cut(value: float) -> float:
    """Cut off rounding noise, which differs between machines; + 0.0 turns -0.0 into 0.0."""
    return round(value, 12) + 0.0
