"""Which size of shuffled batches would reach what chosen batches of a smaller size reach."""

import math
from itertools import pairwise

import pandas as pd

from replication.experiments.map.design import BASELINE
from replication.experiments.map.judging import best_by_validation
from replication.experiments.map.tables import R10


def equivalent_sizes(runs: pd.DataFrame, line: str, methods: list[str]) -> pd.DataFrame:
    """Return for each B the way that is best on validation pairs, its test R@10, and the equivalent size of shuffled batches.

    Between two sizes of the map R@10 of shuffled batches is taken as linear in log B. "found" says whether the equivalent lies
    within the map, above it (no size reaches as much) or below; where not within, it is NaN, and without any value there is no
    such column. Chosen batches that are worse than shuffled ones of the same size have an equivalent smaller than B.

    Args:
        runs: as `tables.runs`.
        line: of rates.
        methods: ways to choose batches.
    """
    mine = runs[runs.line == line]
    shuffled = mine[mine.selector == BASELINE].groupby("B")[R10].mean().sort_index()
    rows = []
    for batch_size, selector in best_by_validation(runs, line, methods).items():
        reached = mine[(mine["B"] == batch_size) & (mine.selector == selector)][R10].mean()
        size, found = equivalent_size(shuffled, batch_size, reached)
        rows.append(
            {"line": line, "B": batch_size, "best chosen": selector, R10: reached, f"{R10} of {BASELINE}": shuffled[batch_size]}
            | {"equivalent B": size, "found": found}
        )
    return pd.DataFrame(rows).dropna(axis=1, how="all")


def equivalent_size(shuffled: pd.Series, batch_size: int, reached: float) -> tuple[float, str]:
    """Return the size at which shuffled batches reach a value, and "within", "above" or "below" the map.

    From `batch_size` on the nearest crossing counts: upwards if the value is larger than that of its shuffled batches, else
    downwards.
    """
    sizes = list(shuffled.index)
    place = sizes.index(batch_size)
    upwards = reached >= shuffled[batch_size]
    path = sizes[place:] if upwards else sizes[place::-1]
    for one, other in pairwise(path):
        low, high = shuffled[one], shuffled[other]
        if min(low, high) <= reached <= max(low, high):
            share = 0.0 if high == low else (reached - low) / (high - low)
            return 2 ** (math.log2(one) + share * (math.log2(other) - math.log2(one))), "within"
    return math.nan, "above" if upwards else "below"
