"""Search outside the theorems for sizes at which full-batch and all-batches training have different optima.

For N > d + 1 and N != 2d no theorem says that the optima of the full-batch loss and of the mean over all C(N, B) batches
coincide. For each (N, d, B) both are minimised from many starts, and each loss is evaluated at the other's optimum:

    gap1 = all-batches loss at the full-batch optimum - all-batches optimum
    gap2 = full-batch loss at the all-batches optimum - full-batch optimum

Where a loss has several optima, or a continuous family, the one that is best for the *other* loss counts, so a gap above 0
says that the two sets of optima are disjoint. This is numerical evidence: that the best of many starts is the global
optimum is not proved. The gaps of the stored points themselves are certain to 50 digits (`witness`).
"""

from concurrent.futures import ProcessPoolExecutor
from itertools import product

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from replication.experiments.theory.flatness import flat_directions
from replication.experiments.theory.minimise import Objective, Solution, best, minimise, minimise_many
from replication.experiments.theory.objective import MeanBatchLoss, all_batches, full_batch
from replication.experiments.theory.witness import exact_mean_loss
from replication.machine import deaf_workers, end_with_parent, worker_context
from replication.validation import check_count

REACHED = 1e-9  # nats above the best loss within which a start counts as having found the optimum
OPTIMAL = 1e-11  # nats above the best loss within which a point is used as an optimum; starts end far closer to theirs
DIFFERENT = 1e-8  # nats from which on a gap counts
VERDICTS = DIFFER, SHARE, COINCIDE = "differ", "share an optimum", "coincide"


def sizes(max_n: int, max_d: int) -> list[tuple[int, int]]:
    """Return all (N, d) with 2 <= d <= max_d and d + 1 < N <= max_n; N = 2d is among them, as a control."""
    return [(n, d) for d, n in product(range(2, max_d + 1), range(4, max_n + 1)) if n > d + 1]


def search(
    cases: list[tuple[int, int]], batch_sizes: list[int], starts: int, seed: int = 0, workers: int = 1
) -> tuple[pd.DataFrame, list[dict]]:
    """Compare the two optima for every (N, d) of `cases` and every B < N of `batch_sizes`.

    Args:
        cases: pairs (N, d).
        batch_sizes: B >= 2 each.
        starts: random starts for each loss.
        seed: decides the starts.
        workers: processes that share the cases; the result does not depend on it.

    Returns:
        A table with one row for each (N, d, B), see `compare`, and the points of every row as nested lists.

    Raises:
        ValueError: a count out of range, or no B below any N.
    """
    check_count("workers", workers, 1), check_count("starts", starts, 1)
    for size in batch_sizes:
        check_count("batch_size", size, 2)
    jobs = [(n, d, [size for size in batch_sizes if size < n], starts, seed) for n, d in cases]
    if not any(job[2] for job in jobs):
        raise ValueError(f"batch_sizes={batch_sizes} and cases={cases} leave nothing to compare; some B must be below some N")
    bar = {"total": len(jobs), "desc": "sizes (N, d)", "mininterval": 10}
    if workers == 1:
        found = list(tqdm(map(_compare_job, jobs), **bar))
    else:
        with ProcessPoolExecutor(workers, worker_context(__name__), end_with_parent) as pool:
            with deaf_workers():
                results = pool.map(_compare_job, jobs)
            found = list(tqdm(results, **bar))
    rows, points = zip(*(pair for of_size in found for pair in of_size), strict=True)
    return pd.DataFrame(rows).sort_values(["N", "d", "B"], ignore_index=True), list(points)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return for every B how many sizes (N, d) outside the theorems there are of each verdict, and the largest `gap1`."""
    outside = table[table.theorem == "none"].groupby("B")
    counts = {verdict: outside.verdict.agg(lambda column, verdict=verdict: (column == verdict).sum()) for verdict in VERDICTS}
    return pd.DataFrame(counts | {"largest_gap1": outside.gap1.max()}).reset_index()


@threadpool_limits.wrap(limits=1)
def compare(n: int, d: int, batch_sizes: list[int], starts: int, seed: int = 0) -> list[tuple[dict, dict]]:
    """Return for each B the row of the table, and the points that it rests on.

    Columns: the two optimal losses; how many of the starts reached them within 1e-9; `gap1` and `gap2` from the module's
    docstring, recomputed with 50 digits; `worst1` and `worst2`: the same gaps at the least favourable optimum found;
    flat directions of both optima; the verdict.
    """
    full = MeanBatchLoss(full_batch(n), n)
    full_runs = minimise_many(full, n, d, starts, seed)
    means = {size: MeanBatchLoss(all_batches(n, size), n) for size in batch_sizes}
    mean_runs = {size: minimise_many(means[size], n, d, starts, seed) for size in batch_sizes}
    # Each loss also starts from the others' optima, so that no gap comes from a search that missed what another one saw.
    bests = [best(runs) for runs in (full_runs, *mean_runs.values())]
    full_runs += [minimise(full, point.u, point.v) for point in bests]
    for size, mean in means.items():
        mean_runs[size] += [minimise(mean, point.u, point.v) for point in bests]
    return [_compare_optima(size, starts, full, full_runs, means[size], mean_runs[size]) for size in batch_sizes]


def friendliest_optimum(primary: Objective, runs: list[Solution], secondary: Objective) -> tuple[Solution, float]:
    """Return the optimum of `primary` that is best for `secondary`, and the largest loss of `secondary` at an optimum.

    Among the runs that reached the best loss of `primary`, the one of least `secondary` loss is taken, and is moved along
    the family of optima, if there is one, by minimising primary + weight * secondary with a weight that falls to 1e-6, and
    `primary` alone at the end.
    """
    optimal = [run for run in runs if run.loss <= best(runs).loss + OPTIMAL]
    losses = [secondary(run.u, run.v)[0] for run in optimal]
    chosen = optimal[int(np.argmin(losses))]
    moved = chosen
    for weight in (1e-2, 1e-4, 1e-6):
        moved = minimise(_weighted_sum(primary, secondary, weight), moved.u, moved.v)
    moved = minimise(primary, moved.u, moved.v)
    if moved.loss <= best(runs).loss + OPTIMAL and secondary(moved.u, moved.v)[0] < min(losses):
        chosen = moved
    return chosen, max(losses)


def _compare_optima(
    size: int, starts: int, full: MeanBatchLoss, full_runs: list[Solution], mean: MeanBatchLoss, mean_runs: list[Solution]
) -> tuple[dict, dict]:
    """Return the row and the points of one (N, d, B = size); the first `starts` of both lists began at random points."""
    n, d = full_runs[0].u.shape
    full_point, worst_mean = friendliest_optimum(full, full_runs, mean)
    mean_point, worst_full = friendliest_optimum(mean, mean_runs, full)
    gap1 = float(exact_mean_loss(full_point.u, full_point.v, size) - exact_mean_loss(mean_point.u, mean_point.v, size))
    gap2 = float(exact_mean_loss(mean_point.u, mean_point.v, n) - exact_mean_loss(full_point.u, full_point.v, n))
    worst1, worst2 = worst_mean - best(mean_runs).loss, worst_full - best(full_runs).loss
    disjoint, equal = gap1 > DIFFERENT, max(worst1, worst2) <= DIFFERENT
    row = {
        "N": n,
        "d": d,
        "B": size,
        "theorem": "N = 2d" if n == 2 * d else "none",
        "full_loss": full_point.loss,
        "full_reached": _reached(full_runs[:starts], best(full_runs)),
        "all_loss": mean_point.loss,
        "all_reached": _reached(mean_runs[:starts], best(mean_runs)),
        "gap1": round(gap1, 12) + 0.0,
        "gap2": round(gap2, 12) + 0.0,
        "worst1": round(worst1, 12) + 0.0,
        "worst2": round(worst2, 12) + 0.0,
        "full_flat": flat_directions(full_batch(n), full_point.u, full_point.v),
        "all_flat": flat_directions(all_batches(n, size), mean_point.u, mean_point.v),
        "verdict": DIFFER if disjoint else COINCIDE if equal else SHARE,
    }
    points = {"full_u": full_point.u, "full_v": full_point.v, "all_u": mean_point.u, "all_v": mean_point.v}
    return row, {"N": n, "d": d, "B": size, "gap1": gap1} | {name: x.tolist() for name, x in points.items()}


def _reached(runs: list[Solution], top: Solution) -> int:
    return sum(run.loss <= top.loss + REACHED for run in runs)


def _weighted_sum(primary: Objective, secondary: Objective, weight: float) -> Objective:
    def total(u, v):
        """Return loss and gradients of the weighted sum."""
        return tuple(a + weight * b for a, b in zip(primary(u, v), secondary(u, v), strict=True))

    return total


def _compare_job(job: tuple) -> list[tuple[dict, dict]]:
    return compare(*job)
