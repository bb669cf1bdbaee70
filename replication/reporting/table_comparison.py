"""How far a table of results agrees with the same table made elsewhere.

A table is *identical*, *equal within rounding*, *within the noise of the seeds*, or it *differs*. `RULE` says when. What a
table holds is marked where it is written (`Run.table`): the columns that name a row of a table over seeds (`per_seed`), the
table that it was made from (`made_from`), how exactly a column is determined where rounding is not all (`tolerance`), and
columns that have no definite value (`indefinite`).
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

IDENTICAL, ROUNDING, NOISE, DIFFERS = "identical", "equal within rounding", "within the noise of the seeds", "differs"
STATES = (IDENTICAL, ROUNDING, NOISE, DIFFERS)  # from the best to the worst

RELATIVE, ABSOLUTE = 1e-6, 1e-9  # differences of rounding, as of gradients and excesses that are zero in theory
LEVEL = 0.05
FEW_SEEDS = 5
LARGE, SMALL = 10.0, 0.1  # in standard deviations over the committed run's seeds

RULE = f"""\
Rounding: numbers differ by at most {RELATIVE:g} of their size, or {ABSOLUTE:g}.
Noise of the seeds: the mean change, paired over the seeds, is not significant (t-test, {LEVEL:.0%}, Holm over all means of the
experiment; with fewer than {FEW_SEEDS} seeds the spread is pooled over the rows of a measure, and is at least that of
seeds drawn anew) or below {SMALL:g} standard deviations over the committed run's seeds, and in no case above {LARGE:g}.
A table made from another one of the same run follows it."""


@dataclass
class Agreement:
    """How one table agrees: its state, and for a table that differs one line for each place, the worst first."""

    state: str
    lines: list[str] = field(default_factory=list)


def compare_tables(names: list[str], local: Path, committed: Path, marks: dict[str, dict]) -> dict[str, Agreement]:
    """Compare tables of one experiment, the CSV files `names` of two folders, by the rule of this module.

    Args:
        names: stems of the files; a table that exists in one folder only differs.
        local, committed: the folders.
        marks: what `Run.table` noted, by table: "per_seed", "made_from", "tolerance", "indefinite", each
            optional.

    Returns:
        For each name its `Agreement`.
    """
    found: dict[str, Agreement] = {}
    cells: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    means: dict[str, pd.DataFrame] = {}
    for name in names:
        pair = [folder / f"{name}.csv" for folder in (local, committed)]
        if not all(path.is_file() for path in pair):
            found[name] = Agreement(DIFFERS, [f"exists only {'here' if pair[0].is_file() else 'in the committed results'}"])
        elif pair[0].read_bytes() == pair[1].read_bytes():
            found[name] = Agreement(IDENTICAL)
        else:
            ours, theirs = (pd.read_csv(path, keep_default_na=False, na_values=["", "nan"]) for path in pair)
            cells[name], mark = (ours, theirs), marks.get(name, {})
            vague = mark.get("indefinite", [])
            found[name] = compare_cells(ours, theirs, mark.get("tolerance", {}), vague)
            if found[name].state == DIFFERS and "per_seed" in mark and _same_rows(ours, theirs, mark["per_seed"]):
                definite = [table.drop(columns=vague, errors="ignore") for table in (ours, theirs)]
                means[name] = changes_of_means(*definite, mark["per_seed"])
    for name, lines in _beyond_noise(means).items():
        found[name] = Agreement(DIFFERS if lines else NOISE, lines)
    for name in names:
        parent = found.get(marks.get(name, {}).get("made_from", ""))
        if parent and name in cells and found[name].state == DIFFERS:
            found[name] = _as_made_from(parent, found[name], *cells[name])
    return found


def _as_made_from(parent: Agreement, mine: Agreement, ours: pd.DataFrame, theirs: pd.DataFrame) -> Agreement:
    """Return how a table agrees that differs by itself, but was made from another that is not identical either."""
    if not _same_shape(ours, theirs):
        return mine
    if parent.state == ROUNDING:
        # A standard deviation of nearly equal numbers magnifies their rounding, but not beyond that of the numbers themselves.
        largest = pd.concat([ours, theirs]).select_dtypes("number").abs().replace(np.inf, np.nan).max().max()
        return compare_cells(ours, theirs, dict.fromkeys(ours.columns, max(ABSOLUTE, RELATIVE * largest)), [])
    return mine if parent.state == IDENTICAL else Agreement(parent.state)


def compare_cells(ours: pd.DataFrame, theirs: pd.DataFrame, tolerance: dict[str, float], indefinite: list[str]) -> Agreement:
    """Compare two tables cell by cell, the columns `indefinite` left out: equal within rounding, or different.

    `tolerance` holds, by column, absolute differences that count as rounding.
    """
    if not _same_shape(ours, theirs):
        shapes = [f"{len(table)} rows x {len(table.columns)} columns" for table in (ours, theirs)]
        return Agreement(DIFFERS, [f"another shape: {shapes[0]} here, {shapes[1]} committed"])
    places = []
    for column in ours.columns:
        if column in indefinite:
            continue
        gap = relative_gap(ours[column], theirs[column], tolerance.get(column, ABSOLUTE))
        for row in np.flatnonzero(gap > RELATIVE):
            place = f"row {row + 1}, {column!r}: {ours[column][row]} here, {theirs[column][row]} committed"
            places.append((gap[row], place))
    places.sort(key=lambda place: -place[0])
    return Agreement(DIFFERS if places else ROUNDING, [place for _, place in places])


def relative_gap(x: pd.Series, y: pd.Series, absolute: float = ABSOLUTE) -> np.ndarray:
    """Return |x - y| relative to the larger one, 0 for equal values and differences up to `absolute`, infinity where one value
    is missing, infinite, or a different text.
    """
    if not (pd.api.types.is_numeric_dtype(x) and pd.api.types.is_numeric_dtype(y)):
        return np.where((x == y) | (x.isna() & y.isna()), 0.0, np.inf)
    x, y = x.to_numpy(float), y.to_numpy(float)
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        change = np.abs(x - y)
        gap = change / np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-300)
    gap[(x == y) | (change <= absolute) | (np.isnan(x) & np.isnan(y))] = 0
    return np.nan_to_num(gap, nan=np.inf, posinf=np.inf)


def _same_shape(ours: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    return list(ours.columns) == list(theirs.columns) and len(ours) == len(theirs)


def _same_rows(ours: pd.DataFrame, theirs: pd.DataFrame, keys: list[str]) -> bool:
    """Say whether both tables have the same columns, and the same rows in the same order by `keys` and seed."""
    names = [*keys, "seed"]
    return _same_shape(ours, theirs) and ours[names].equals(theirs[names])


def changes_of_means(ours: pd.DataFrame, theirs: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return how far each mean over seeds has moved from `theirs` to `ours`, with the p-value of its paired t-test.

    Texts are left out: they follow from the numbers.

    Returns:
        One row for each measure and each row of `keys`, unless it moved by rounding only: "place" in words, "here", "committed"
        (means), "change", "sd" (over the committed seeds), "p" (0 where there is one seed, or a value that only one run has).
    """
    rows = []
    for measure in ours.columns:
        if measure in (*keys, "seed") or not all(pd.api.types.is_numeric_dtype(table[measure]) for table in (ours, theirs)):
            continue
        table = ours[keys].copy()
        # No names that a table could have: its keys may be called "d", as dimensions are.
        table["_x"], table["_y"] = ours[measure].astype(float), theirs[measure].astype(float)
        change = np.where(relative_gap(table._x, table._y) <= RELATIVE, 0.0, table._x - table._y)
        table["_d"] = np.where(np.isnan(change), np.inf, change)  # a value that only one run has
        groups = table.groupby(keys, sort=False, dropna=False)
        count = groups._d.size()
        spread = groups._y.std()
        error, freedom = groups._d.std(), count - 1
        if (count < FEW_SEEDS).any():
            # Rows that did not move say nothing about how much the others do.
            moved = groups._d.apply(lambda d: (d != 0).any())
            freedom = freedom.where(~moved, freedom[moved].sum())
            pooled = np.sqrt((error[moved] ** 2).mean())
            spread = spread.where(~moved, np.sqrt((spread[moved] ** 2).mean()))
            # Methods whose plans flip move more than others, so a row's own spread counts where it is the larger one; and
            # training amplifies rounding until each seed is drawn anew: two draws differ by the root of 2 times the sd.
            error = error.where(~moved, np.maximum(np.maximum(error, pooled), np.sqrt(2) * spread))
        means = pd.DataFrame(
            {"here": groups._x.mean(), "committed": groups._y.mean(), "change": groups._d.mean(), "sd": spread}
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            t = means.change / (error / np.sqrt(count))
        # One seed shows no noise, and an infinite change is none.
        known = (count > 1) & np.isfinite(means.change)
        means["p"] = np.where(known, 2 * stats.t.sf(t.abs(), freedom.clip(lower=1)), 0.0)
        for labels, mean in means[groups._d.apply(lambda d: (d != 0).any())].iterrows():
            labels = labels if isinstance(labels, tuple) else (labels,)
            place = ", ".join(f"{key}={label}" for key, label in zip(keys, labels, strict=True))
            rows.append({"place": f"{measure!r}, {place}", **mean})
    return pd.DataFrame(rows, columns=["place", "here", "committed", "change", "sd", "p"])


def _beyond_noise(means: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
    """Return for each table one line for each mean that moved by more than the noise of the seeds, the least likely first."""
    frames = [frame.assign(table=name) for name, frame in means.items()]
    together = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    lines = {name: [] for name in means}
    if together.empty:
        return lines
    together = together.sort_values("p")
    factors = np.arange(len(together), 0, -1)
    adjusted = np.maximum.accumulate(np.minimum(together.p * factors, 1.0))
    size = together.change.abs() / together.sd
    far = ((adjusted < LEVEL) & ~(size < SMALL)) | ~(size.fillna(0) <= LARGE)
    for row in together[far].itertuples():
        line = f"mean of {row.place}: {row.here:.6g} here, {row.committed:.6g} committed (sd over seeds {row.sd:.2g})"
        lines[row.table].append(line)
    return lines
