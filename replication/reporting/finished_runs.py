"""The finished runs of a results folder."""

import re
from pathlib import Path

import pandas as pd

from replication.reporting.run_record import read_record
from replication.validation import one_line

# From the most to the least telling; a claim takes its verdict from the first profile that tested it. `smoke` never counts.
# Profiles of other names stand just before the default one.
PROFILE_ORDER = ("paper", "coco", "gpu", "full", "cpu", "default")


def finished_runs(results: Path) -> dict[tuple[str, str], dict]:
    """Return {(experiment, profile): run.json} of all finished runs below a results folder, smoke runs left out."""
    runs = {}
    for path in sorted(results.glob("*/*/run.json")):
        experiment, profile = path.parts[-3:-1]
        if experiment != "local" and profile.split("-")[0] != "smoke":
            runs[experiment, profile] = read_record(path.parent)
    rank = {name: position for position, name in enumerate(PROFILE_ORDER)}
    other = rank["default"] - 0.5
    return dict(sorted(runs.items(), key=lambda item: (item[1]["notebook"], rank.get(item[0][1].split("-")[0], other))))


def markdown_table(rows: pd.DataFrame, columns: dict[str, str]) -> str:
    """Return the named columns of `rows` as a Markdown table, under the names given for them.

    Cells may hold markup, such as links. What would end a cell is escaped: pipes; line breaks become spaces.
    """
    # Markdown needs no aligned columns; unpadded ones keep the diffs short.
    lines = ["| " + " | ".join(columns.values()) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(map(_cell, row)) + " |" for row in rows[list(columns)].to_numpy()])


def _cell(value) -> str:
    return re.sub(r"(\\*)\|", r"\1\1\\|", one_line(str(value)))
