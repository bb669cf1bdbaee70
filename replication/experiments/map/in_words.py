"""What a map shows, in sentences made from its numbers."""

import pandas as pd

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE


def map_in_words(cells: pd.DataFrame) -> str:
    """Return a sentence (Markdown) for each line of rates: counts of outcomes, and the largest gain and loss with intervals."""
    return "  \n".join(_one_line(line, rows) for line, rows in cells.groupby("line", sort=False))


def _one_line(line: str, rows: pd.DataFrame) -> str:
    counts = rows.outcome.value_counts()
    words = ", ".join(f"{counts.get(name, 0)} {name}" for name in (BETTER, WORSE, SAME, UNDECIDED))
    text = f"**At the {line}, of {len(rows)} cells: {words}.**"
    for outcome, word, pick in ((BETTER, "gain", "idxmax"), (WORSE, "loss", "idxmin")):
        mine = rows[rows.outcome == outcome]
        if len(mine):
            row = rows.loc[getattr(mine.difference, pick)()]
            text += f" The largest {word}: {cell_in_words(row)}."
    return text


def cell_in_words(row: pd.Series) -> str:
    """Return one cell with its numbers."""
    return (
        f"{row.selector} at B = {row.B}, {row['R@10']:.1f} against {row['R@10 of SGD']:.1f} % of R@10 "
        f"({row.difference:+.2f} [{row.low:.2f}, {row.high:.2f}], n={row.n}; over queries [{row['query low']:.2f}, "
        f"{row['query high']:.2f}])"
    )
