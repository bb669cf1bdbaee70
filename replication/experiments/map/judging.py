"""How each cell of a map differs from shuffled batches of the same size, over seeds and over test queries, by fixed rules."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from replication.evaluation import holm, paired_comparison
from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE
from replication.experiments.map.design import BASELINE
from replication.experiments.map.experiment import Mapped
from replication.experiments.map.tables import CELL, FALSE, R1, R10, SHARE
from replication.features import PairFeatures
from replication.heads.evaluation import difference_over_queries

LEVEL = 0.05  # of Holm's corrected p-values

RULE = (
    "outcome: 'no difference' if the 95 % interval over seeds lies within the margin; else 'better' or 'worse' if Holm's "
    f"p < {LEVEL} over all cells of the line, and the 95 % interval over test queries lies on that side of 0; else 'undecided'"
)


def judged(runs: pd.DataFrame, trainings: list[Mapped], test: PairFeatures, margin: float) -> pd.DataFrame:
    """Return a row for each cell other than shuffled batches: "line", "B", "selector", and how it compares with them.

    "difference" of R@10 in points, its sd over n seeds, "low" and "high" (Student's 95 % interval of pairs), "p" (paired t
    test), "p (Holm)" over all cells of a line, "query low" and "query high" (95 % over test queries), the "outcome", see
    `RULE`; the difference of R@1; and of the batches the mean in-batch loss as a share of ln B and that of shuffled ones, and
    the share of likely false negatives.

    Args:
        runs: as `tables.runs` makes it from `trainings`.
        trainings: with the ranks of the test queries.
        test: features of the test split.
        margin: points of R@10 within which a difference is none.
    """
    table = paired_comparison(runs, R10, BASELINE, margin, within=["line", "B"])
    table = table.rename(columns={"mean": R10, "baseline mean": f"{R10} of {BASELINE}"}).drop(columns="baseline")
    table["p"] = [_p(row) for row in table.itertuples()]
    table["p (Holm)"] = table.groupby("line", sort=False).p.transform(lambda p: _holm_where_known(p.to_numpy()))
    ranks: dict[tuple, list] = {}
    for one in trainings:
        ranks.setdefault((one.line, one.batch_size, one.selector), []).append(one.result.test_ranks)
    means = runs.groupby(CELL)[[R1, SHARE, FALSE]].mean()
    for place, row in table.iterrows():
        cell, base = (row.line, row.B, row.selector), (row.line, row.B, BASELINE)
        over_queries = difference_over_queries(ranks[cell], ranks[base], test)
        table.loc[place, ["query low", "query high"]] = over_queries.low, over_queries.high
        table.loc[place, f"difference of {R1}"] = means.loc[cell, R1] - means.loc[base, R1]
        table.loc[place, [SHARE, FALSE]] = means.loc[cell, SHARE], means.loc[cell, FALSE]
        table.loc[place, f"{SHARE} of {BASELINE}"] = means.loc[base, SHARE]
    table["outcome"] = [outcome(row, margin) for row in table.to_dict("records")]
    return table


def outcome(row: dict, margin: float) -> str:
    """Return what a cell shows, see `RULE`."""
    if -margin <= row["low"] and row["high"] <= margin:
        return SAME
    if row["p (Holm)"] < LEVEL:
        if row["difference"] > 0 and row["query low"] > 0:
            return BETTER
        if row["difference"] < 0 and row["query high"] < 0:
            return WORSE
    return UNDECIDED


def best_by_validation(runs: pd.DataFrame, line: str, methods: Iterable[str]) -> dict[int, str]:
    """Return for each batch size the way to choose batches whose mean validation R@10 is the largest: test values stay unseen.

    Args:
        runs: as `tables.runs`.
        line: of rates.
        methods: those that may win.
    """
    mine = runs[(runs.line == line) & runs.selector.isin(list(methods)) & (runs.selector != BASELINE)]
    means = mine.groupby(["B", "selector"], sort=False)["validation R@10"].mean().reset_index()
    return {b: group.loc[group["validation R@10"].idxmax(), "selector"] for b, group in means.groupby("B")}


def rivals(runs: pd.DataFrame, longer: str) -> dict[int, str]:
    """Return for each B which shuffled batches are better on validation pairs: those trained for longer, or the others.

    Training for longer can overfit, and who may train for longer need not. Arguments as of `against_longer`.
    """
    means = runs[runs.selector.isin([BASELINE, longer])].groupby(["B", "selector"])["validation R@10"].mean()
    return {size: group.droplevel("B").idxmax() for size, group in means.groupby("B")}


def against_longer(runs: pd.DataFrame, best: dict[int, str], longer: str, margin: float) -> pd.DataFrame:
    """Return for each B how the way that is best on validation pairs compares with shuffled batches that may train for longer.

    Args:
        runs: as `tables.runs`, of one line of rates, those trained for longer among them.
        best: as `best_by_validation` gives it.
        longer: what the table calls shuffled batches that train for longer.
        margin: points of R@10 within which a difference is none.

    Returns:
        A row for each B as `paired_comparison` makes it, its "baseline" one of the `rivals`, and R@10 of both of them. Each
        comparison stands by its own, without a correction for several.
    """
    rival = rivals(runs, longer)
    parts = [
        paired_comparison(group[group.selector.isin([best[size], rival[size]])], R10, rival[size], margin, within=["B"])
        for size, group in runs.groupby("B", sort=False)
        if size in best and size in rival
    ]
    table = pd.concat(parts, ignore_index=True)
    means = runs.groupby(["B", "selector"])[R10].mean()
    for name in (BASELINE, longer):
        table[f"{R10} of {name}"] = [means.get((size, name), np.nan) for size in table["B"]]
    return table


def _p(row) -> float:
    """Return the two-sided p-value of a paired t test from its difference, sd and n; NaN with fewer than two pairs."""
    if row.n < 2:
        return np.nan
    if row.sd == 0:
        return 1.0 if row.difference == 0 else 0.0
    return float(2 * stats.t.sf(abs(row.difference) / (row.sd / row.n**0.5), row.n - 1))


def _holm_where_known(p: np.ndarray) -> np.ndarray:
    corrected, known = np.full(len(p), np.nan), ~np.isnan(p)
    corrected[known] = holm(p[known])
    return corrected
