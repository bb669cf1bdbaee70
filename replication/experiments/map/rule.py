"""Does a simple rule foretell whether chosen batches help? A threshold on the in-batch loss, fitted on other data."""

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from replication.evaluation.comparison import BETTER, WORSE
from replication.experiments.map.design import BASELINE
from replication.experiments.map.tables import SHARE

PREDICTORS = (SHARE, f"{SHARE} of {BASELINE}")


@dataclass(frozen=True)
class Threshold:
    """Chosen batches are foretold to help where `predictor` is below `value`."""

    predictor: str
    value: float

    def right(self, cells: pd.DataFrame) -> float:
        """Return the share of decided cells [n] whose sign it foretells, or NaN where not both signs occur.

        Each sign counts half, however many cells it has: of one sign alone, always saying it would be right.
        """
        helped, harmed = (cells.loc[cells.outcome == sign, self.predictor] < self.value for sign in (BETTER, WORSE))
        if helped.empty or harmed.empty:
            return float("nan")
        return float((helped.mean() + (~harmed).mean()) / 2)


def decided(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of `judging.judged` that are better or worse."""
    return cells[cells.outcome.isin([BETTER, WORSE])]


def fit(cells: pd.DataFrame, predictor: str) -> Threshold | None:
    """Return the threshold that foretells the most signs of decided cells; None where not both signs occur.

    Of equally good ones the middle one is taken, half-way between two neighbouring values.
    """
    known = decided(cells)
    if known.outcome.nunique() < 2:
        return None
    values = sorted(set(known[predictor]))
    between = [(one + other) / 2 for one, other in pairwise(values)]
    middles = [values[0] - 1e-6, *between, values[-1] + 1e-6]
    scored = [(Threshold(predictor, value).right(known), value) for value in middles]
    best = max(score for score, _ in scored)
    equal = [value for score, value in scored if score == best]
    return Threshold(predictor, equal[len(equal) // 2])


def rules(cells: pd.DataFrame, elsewhere: pd.DataFrame | None) -> pd.DataFrame:
    """Return a row for each predictor: thresholds fitted on these cells and on those of another run, and both tried here.

    "right": balanced over both signs, so that guessing has 0.5. NaN, or no such column, where a side has not both signs.

    Args:
        cells: of this run, one line of rates.
        elsewhere: the same of a run on other data, or None.
    """
    rows = []
    for predictor in PREDICTORS:
        here, there = fit(cells, predictor), fit(elsewhere, predictor) if elsewhere is not None else None
        known = decided(cells)
        row = {"helps where this is below": predictor, "better": int((known.outcome == BETTER).sum())}
        row |= {"worse": int((known.outcome == WORSE).sum())}
        row |= {"fitted here": here.value if here else float("nan"), "right here": here.right(known) if here else float("nan")}
        row |= {"fitted elsewhere": there.value if there else float("nan")}
        row |= {"right there": there.right(decided(elsewhere)) if there else float("nan")}
        rows.append(row | {"right here, fitted elsewhere": there.right(known) if there else float("nan")})
    return pd.DataFrame(rows).dropna(axis=1, how="all")
