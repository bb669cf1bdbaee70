"""How sure a difference is over the test queries: the paired bootstrap, which draws whole items."""

from dataclasses import dataclass

import numpy as np

from replication.evaluation.interval import CONFIDENCE
from replication.validation import check_count

BLOCK = 2**22  # counts at a time


@dataclass(frozen=True)
class Bootstrapped:
    """A mean difference, the ends of its 95 % percentile interval, and the p-value of "no difference" (two-sided)."""

    difference: float
    low: float
    high: float
    p: float


def paired_bootstrap(
    first: np.ndarray, second: np.ndarray, clusters: np.ndarray | None = None, repeats: int = 2000, seed: int = 0
) -> Bootstrapped:
    """Return by how much `first` is larger than `second` on the same test queries, and how much other queries might change it.

    The seeds are taken as they are (they are averaged first): this interval says nothing of other seeds, nor does Student's
    interval over seeds of other queries.

    After Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993. The p-value counts resampled differences on either
    side of zero, ((1 + smaller count) / (1 + repeats)) * 2, at most 1.

    Args:
        first, second: [seeds, Q] or [Q], a value of each query under either method, such as whether its answer was among the
            first ten (0 or 100). The numbers of seeds may differ.
        clusters: integers [Q]: queries that are drawn together, such as the captions of one image; None: each on its own.
        repeats: resamples, each of as many clusters as there are.
        seed: of the resampling.

    Raises:
        TypeError, ValueError: shapes that do not fit, values that are not finite, fewer than two clusters, or a count out of
            range.
    """
    check_count("repeats", repeats, 100)
    check_count("seed", seed, 0)
    values = _per_query("first", first) - _per_query("second", second, len(np.atleast_2d(first)[0]))
    clusters = np.arange(len(values)) if clusters is None else np.asarray(clusters)
    if clusters.shape != values.shape or clusters.dtype.kind not in "iu":
        raise ValueError(f"clusters is {clusters.dtype} {list(clusters.shape)}; it must be integers [{len(values)}]")
    _, place = np.unique(clusters, return_inverse=True)
    sums, sizes = np.bincount(place, values), np.bincount(place)
    if len(sizes) < 2:
        raise ValueError("clusters holds only one; a bootstrap needs two or more")
    generator = np.random.default_rng(seed)
    means = np.empty(repeats)
    step = max(1, BLOCK // len(sizes))
    for begin in range(0, repeats, step):
        count = min(step, repeats - begin)
        drawn = generator.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=count)
        means[begin : begin + count] = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    least = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return Bootstrapped(float(values.mean()), float(low), float(high), min(1.0, 2 * (1 + least) / (1 + repeats)))


def _per_query(name: str, values: np.ndarray, queries: int | None = None) -> np.ndarray:
    """Return the means [Q] over the seeds of values [seeds, Q] or [Q], after checking them."""
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":
        raise TypeError(f"{name} is {values.dtype}; it must be numbers [seeds, Q] or [Q]")
    if values.ndim not in (1, 2) or 0 in values.shape or (queries is not None and values.shape[-1] != queries):
        wanted = "[seeds, Q] or [Q], none of them 0" if queries is None else f"[seeds, {queries}] or [{queries}], as first"
        raise ValueError(f"{name} has shape {list(values.shape)}; it must be {wanted}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has {int((~np.isfinite(values)).sum())} values that are NaN or infinite; all must be finite")
    return np.atleast_2d(values).astype(float).mean(axis=0)
