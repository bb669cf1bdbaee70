"""Means over seeds with their intervals, for all tables of this notebook."""

from collections.abc import Sequence

import pandas as pd

from replication.evaluation.interval import student_interval


def over_seeds(table: pd.DataFrame, keys: list[str], measures: list[str], plain: Sequence[str] = ()) -> pd.DataFrame:
    """Return one row for each value of `keys`: n seeds, and of each measure the mean, "<measure> low" and "high".

    The ends are those of Student's 95 % interval; NaN with a single seed. Of the measures `plain` only the mean is given.
    """
    rows = []
    for values, group in table.groupby(keys, sort=False):
        row = dict(zip(keys, values, strict=True)) | {"n": len(group)}
        for measure in measures:
            low, high = student_interval(group[measure])
            row |= {measure: group[measure].mean(), f"{measure} low": low, f"{measure} high": high}
        rows.append(row | {measure: group[measure].mean() for measure in plain})
    return pd.DataFrame(rows)


def interval_in_words(row: dict, measure: str) -> str:
    """Return mean and interval of a measure of an `over_seeds` row, as "0.12 [0.10, 0.14]"; the mean alone with one seed."""
    if row["n"] < 2:
        return f"{row[measure]:.3g}, one seed"
    return f"{row[measure]:.3g} [{row[f'{measure} low']:.2g}, {row[f'{measure} high']:.2g}]"
