"""Verdicts on the classification of query batches, from `query_table`; comparisons are paired over the seeds of networks."""

import pandas as pd

from replication.evaluation import paired_comparison
from replication.experiments.neighbours.query_batches import ZERO_SHOT
from replication.experiments.neighbours.verdicts import Judgement, judge_outcomes

BASELINE = "SGD"


def judge_methods(table: pd.DataFrame, classes: int, pairs: list[tuple[str, str]], margin: float) -> Judgement:
    """Judge "the first method of each pair classifies batches of so many classes better than the second".

    Args:
        table: see `query_table`; the networks trained with shuffled batches count.
        classes: from which a batch is drawn.
        pairs: of methods.
        margin: percentage points that do not matter.
    """
    rows = table[(table.selector == BASELINE) & (table.classes == classes)].drop(columns="selector")
    rows, parts, outcomes = rows.rename(columns={"method": "selector"}), [], []
    for first, second in pairs:
        compared = paired_comparison(rows[rows.selector.isin([first, second])], "accuracy", second, margin).iloc[0]
        outcomes.append(compared.outcome)
        parts.append(
            f"{first} {compared['mean']:.1f} %, {second} {compared['baseline mean']:.1f} % "
            f"{_difference(compared, outcomes[-1])}"
        )
    return judge_outcomes(outcomes), f"{classes} classes in a batch: {'; '.join(parts)}; margin {margin:g} points"


def judge_gains(table: pd.DataFrame, classes: int, method: str, selectors: list[str], margin: float) -> Judgement:
    """Judge "networks of these selectors gain more from a batch of queries than those trained with shuffled batches".

    Args:
        table, classes, margin: as in `judge_methods`.
        method: whose accuracy less that of zero-shot is the gain.
        selectors: each is compared with shuffled batches.
    """
    rows = table[(table.classes == classes) & table.method.isin([method, ZERO_SHOT])]
    accuracy = rows.pivot(index=["selector", "seed"], columns="method", values="accuracy")
    gains = (accuracy[method] - accuracy[ZERO_SHOT]).rename("gain").reset_index()
    compared = paired_comparison(gains[gains.selector.isin([BASELINE, *selectors])], "gain", BASELINE, margin)
    parts = [
        f"{row['selector']} {row['mean']:+.1f}, {BASELINE} {row['baseline mean']:+.1f} {_difference(row, row['outcome'])}"
        for row in compared.to_dict("records")
    ]
    text = f"gain of {method} over zero-shot, {classes} classes in a batch, points: {'; '.join(parts)}; margin {margin:g}"
    return judge_outcomes(list(compared.outcome)), text


def _difference(row, outcome: str) -> str:
    interval = "" if row["n"] < 2 else f" [{row['low']:.1f}, {row['high']:.1f}]"
    return f"({row['difference']:+.1f}{interval}, n={row['n']}: {outcome})"
