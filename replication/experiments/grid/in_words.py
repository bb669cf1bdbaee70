"""What came out of a comparison with shuffled batches, in a sentence made from its numbers."""

import pandas as pd

from replication.evaluation.comparison import BETTER, SAME, WORSE


def against_in_words(compared: pd.DataFrame, measure: str, margin: float) -> str:
    """Return one sentence (Markdown) on a table of `paired_comparison` in percentage points.

    It says which ways to choose batches are better than the baseline, which worse, which no different within the margin, and
    which undecided, each with its difference, 95 % interval and number of seeds.

    Args:
        compared: rows of one measure; with a column "objective", each objective is told apart.
        measure: its name, in %.
        margin: in percentage points, as the comparison was made with.
    """
    several = "objective" in compared and compared.objective.nunique() > 1
    groups = compared.groupby("objective", sort=False) if several else [("", compared)]
    return "  \n".join(_one_objective(group, measure, margin, objective) for objective, group in groups)


def _one_objective(compared: pd.DataFrame, measure: str, margin: float, objective: str) -> str:
    endings = {
        BETTER: "better than {}",
        WORSE: "worse than {}",
        SAME: f"no different from {{}} within ±{margin:g} points",
    }
    parts = []
    for outcome, rows in compared.groupby("outcome", sort=False):
        shown = [f"{row.selector} ({_difference(row)})" for row in rows.itertuples()]
        ending = endings.get(outcome, "undecided against {}").format(rows.baseline.iloc[0])
        parts.append(f"{_listed(shown)} {'is' if len(shown) == 1 else 'are'} {ending}")
    where = f" with {objective}" if objective else ""
    return f"**In {measure}{where}, {'; '.join(parts)}.**"


def _difference(row) -> str:
    if row.n < 2:
        return f"{row.difference:+.2f}, one seed"
    return f"{row.difference:+.2f} [{row.low:.2f}, {row.high:.2f}], n={row.n}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
