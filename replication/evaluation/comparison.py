"""Selectors compared with a baseline in pairs: the same seed, hence the same start and the same views, for both."""

from collections.abc import Iterable
from numbers import Real

import numpy as np
import pandas as pd

from replication.evaluation.interval import student_interval
from replication.validation import check_positive

BETTER, WORSE, SAME, UNDECIDED = "better", "worse", "no difference", "undecided"


def paired_comparison(
    table: pd.DataFrame,
    metric: str,
    baseline: str,
    margin: float,
    *,
    within: Iterable[str] = (),
    higher_is_better: bool = True,
) -> pd.DataFrame:
    """Return by how much every selector differs from `baseline`, paired over the seeds that both have.

    Args:
        table: one row for each run, with the columns "selector", "seed", `metric` and those of `within`.
        metric: the column that is compared.
        baseline: the selector that all others are compared with.
        margin: > 0, in the unit of the metric: differences up to it do not matter. State it before the runs.
        within: columns whose values are compared apart, such as objective or data set.
        higher_is_better: False for losses, ranks, seconds.

    Returns:
        One row for each other selector (and values of `within`), in the order of the table: "selector", "baseline", "n" pairs,
        "mean" and "baseline mean" over those pairs, "difference", its "sd", "low" and "high" (Student's 95 % interval) and
        "outcome": "no difference" if the whole interval lies within +-margin; else "better" or "worse" if it lies on one side
        of zero; else, and with fewer than two pairs, "undecided".

    Raises:
        TypeError, ValueError: a column or the baseline is missing, a value is text or no finite number, or a run occurs twice.
    """
    check_positive("margin", margin)
    if isinstance(within, str):
        raise TypeError(f"within={within!r} must be several names of columns: [{within!r}]")
    within = list(within)
    _check_table(table, metric, within)
    table = table.astype({metric: float})  # differences of small or unsigned integers would wrap around
    groups = table.groupby(within, sort=False, dropna=False) if within else [((), table)]
    rows = []
    for values, group in groups:
        runs = group.pivot(index="seed", columns="selector", values=metric)
        if baseline not in runs:
            where = ", ".join(f"{column}={value}" for column, value in zip(within, values, strict=True))
            raise ValueError(f"baseline={baseline!r} has no run{where and ' with ' + where}; there are {_listed(runs.columns)}")
        for selector in dict.fromkeys(group["selector"]):
            if selector != baseline:
                pairs = runs[[selector, baseline]].dropna()
                labels = dict(zip(within, values, strict=True)) | {"selector": selector, "baseline": baseline}
                rows.append(labels | _compared(pairs[selector], pairs[baseline], margin, higher_is_better))
    columns = [*within, "selector", "baseline", "n", "mean", "baseline mean", "difference", "sd", "low", "high", "outcome"]
    return pd.DataFrame(rows, columns=columns)


def _compared(values: pd.Series, reference: pd.Series, margin: float, higher_is_better: bool) -> dict:
    difference = values - reference
    count, mean, sd = len(difference), difference.mean(), difference.std()
    low, high = student_interval(difference)
    result = {"n": count, "mean": values.mean(), "baseline mean": reference.mean(), "difference": mean, "sd": sd}
    return result | {"low": low, "high": high, "outcome": _outcome(low, high, margin, higher_is_better)}


def _outcome(low: float, high: float, margin: float, higher_is_better: bool) -> str:
    """Return what an interval says; one of NaN, from fewer than two pairs, says nothing."""
    if -margin <= low and high <= margin:
        return SAME
    if low > 0:
        return BETTER if higher_is_better else WORSE
    if high < 0:
        return WORSE if higher_is_better else BETTER
    return UNDECIDED


def _check_table(table: pd.DataFrame, metric: str, within: list[str]) -> None:
    for column in ("selector", "seed", metric, *within):
        if column not in table:
            raise ValueError(f"the table has no column {column!r}; it has {_listed(table.columns)}")
    bad = table[~np.isfinite(pd.to_numeric(table[metric], errors="coerce").astype(float))]
    if len(bad):
        run = bad.iloc[0]
        raise ValueError(
            f"{metric}={run[metric]} of {run['selector']}, seed {run['seed']}, is no finite number: leave a failed run "
            "out, and say so"
        )
    text = table[[isinstance(value, bool | np.bool_) or not isinstance(value, Real) for value in table[metric]]]
    if len(text):
        run = text.iloc[0]
        raise TypeError(
            f"{metric}={run[metric]} of {run['selector']}, seed {run['seed']}, is {type(run[metric]).__name__}; it must "
            "be a number: convert the column with pd.to_numeric"
        )
    twice = table[table.duplicated(["selector", "seed", *within])]
    if len(twice):
        run = twice.iloc[0]
        raise ValueError(
            f"{run['selector']}, seed {run['seed']}, occurs twice; name the columns that tell the runs apart in within"
        )


def _listed(names) -> str:
    return ", ".join(map(str, names))
