"""Do heads on frozen towers foretell what chosen batches do to networks that learn as a whole? Signs side by side."""

import json
from pathlib import Path

import pandas as pd

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE
from replication.experiments.map.tables import R10
from replication.selection.registry import parse_method

FULL = Path("tables") / "against_sgd_mean_R10.csv"  # below the results of 06_clip
AGREE, DISAGREE, OPEN = "agree", "disagree", "open"


def side_by_side(cells: pd.DataFrame, folder: Path, k: int) -> pd.DataFrame:
    """Return a row for each way to choose batches that both tried, at the batch size of full training.

    Args:
        cells: as `judging.judged`, of one line of rates.
        folder: results of 06_clip.
        k: batches in a chunk where a name of the heads does not say it; full training has its own.

    Returns:
        "selector", "B"; of "heads" and of "full" training the difference of R@10 in points, its 95 % interval, n and outcome;
        and whether they "agree": "open" if one is undecided. Empty if nothing was tried in both.
    """
    parameters = json.loads((folder / "run.json").read_text(encoding="utf-8"))["parameters"]
    batch_size, full_k = parameters["batch_size"], parameters["k"]
    full = pd.read_csv(folder / FULL)
    full = full[full.objective == full.objective.iloc[0]]
    here = {_meaning(row.selector, k): row for row in cells[cells["B"] == batch_size].itertuples()}
    rows = []
    for there in full.itertuples():
        mine = here.get(_meaning(there.selector, full_k))
        if mine is not None:
            row = {"selector": mine.selector, "B": batch_size}
            for name, found in (("heads", mine), ("full", there)):
                row |= {f"{name}: {R10}": found.difference, f"{name}: low": found.low, f"{name}: high": found.high}
                row |= {f"{name}: n": found.n, f"{name}: outcome": found.outcome}
            rows.append(row | {"agree": agreement(mine.outcome, there.outcome)})
    return pd.DataFrame(rows)


def agreement(one: str, other: str) -> str:
    """Return whether two outcomes agree: both better, both worse or both no different; "open" if one is undecided."""
    if UNDECIDED in (one, other):
        return OPEN
    return AGREE if one == other and one in (BETTER, WORSE, SAME) else DISAGREE


def _meaning(line: str, k: int) -> tuple:
    """Return what tells ways to choose batches apart, however their lines are written."""
    method = parse_method(line)
    arguments = {"k": k} if method.kind.__name__ in ("SwapSearch", "SpectralClustering") else {}
    return method.kind, tuple(sorted((arguments | method.arguments).items())), method.hardness
