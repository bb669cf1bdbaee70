"""The finished runs of a results folder."""

from pathlib import Path

import pandas as pd

from replication.run_record import read_record

# From the most to the least telling; a claim takes its verdict from the first profile that tested it. `smoke` never counts.
PROFILE_ORDER = ("paper", "coco", "gpu", "full", "cpu", "default")


def finished_runs(results: Path) -> dict[tuple[str, str], dict]:
    """Return {(experiment, profile): run.json} of all finished runs below a results folder, smoke runs left out."""
    runs = {}
    for path in sorted(results.glob("*/*/run.json")):
        experiment, profile = path.parts[-3:-1]
        if experiment != "local" and profile.split("-")[0] in PROFILE_ORDER:
            runs[experiment, profile] = read_record(path.parent)
    rank = {name: position for position, name in enumerate(PROFILE_ORDER)}
    return dict(sorted(runs.items(), key=lambda item: (item[1]["notebook"], rank[item[0][1].split("-")[0]])))


def markdown_table(rows: pd.DataFrame, columns: dict[str, str]) -> str:
    """Return the named columns of `rows` as a Markdown table, under the names given for them."""
    cells = rows[list(columns)].replace(r"\|", r"\\|", regex=True).rename(columns=columns)
    # Markdown needs no aligned columns; unpadded ones keep the diffs short.
    lines = ["| " + " | ".join(cells.columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in cells.to_numpy()])
