"""Tables as Markdown and LaTeX: texts of users stand in both as they are."""

from collections.abc import Callable

import pandas as pd

from replication.reporting.markup import latex_text, markdown_text

PAGE = 40  # rows that a page of a LaTeX document holds


def markdown_page(frame: pd.DataFrame, caption: str, digits: str) -> str:
    """Return caption and table in Markdown; `digits` is the format of numbers, such as ".4g"."""
    table = _with_texts(frame, markdown_text).to_markdown(index=False, floatfmt=digits)
    return "\n\n".join(part for part in (markdown_text(caption), table) if part) + "\n"


def latex_table(frame: pd.DataFrame, caption: str) -> str:
    """Return the table with 4 digits in LaTeX, as `longtable` where it needs more than a page."""
    return _with_texts(frame, latex_text).to_latex(
        index=False, float_format="%.4g", caption=latex_text(caption) or None, escape=False, longtable=len(frame) > PAGE
    )


def _with_texts(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """Return the frame with its texts, names of columns among them, changed; numbers keep their types."""
    changed = frame.reset_index(drop=True).rename(columns=lambda name: change(str(name)))
    for name, column in changed.items():
        if any(isinstance(cell, str) for cell in column):
            changed[name] = pd.Series([change(cell) if isinstance(cell, str) else cell for cell in column], dtype=object)
    return changed
