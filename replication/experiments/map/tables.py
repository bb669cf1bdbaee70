"""The tables of a map's trainings: each training, the rates that were chosen, curves, seconds."""

from statistics import fmean

import pandas as pd

from replication.experiments.map.design import BASELINE, Design
from replication.experiments.map.experiment import Mapped, MapResults

R1, R10 = "R@1", "R@10"
SHARE, FALSE = "in-batch loss (share of ln B)", "likely false negatives (share)"
CELL = ["line", "B", "selector"]


def runs(trainings: list[Mapped]) -> pd.DataFrame:
    """Return a row for each training: what it is, R@1 and R@10 (%, mean of both directions), what its batches were like."""
    rows = []
    for one in trainings:
        result = one.result
        row = {"line": one.line, "B": one.batch_size, "selector": one.selector, "seed": result.training.seed}
        row |= {"lr": result.training.lr, "best epoch": result.best_epoch, "updates": result.updates}
        row |= {R1: result.test["mean R@1"], R10: result.test["mean R@10"], "validation R@10": result.validation["mean R@10"]}
        row |= {SHARE: fmean(epoch["share of ln B"] for epoch in result.curve)}
        rows.append(row | {FALSE: fmean(epoch["false negatives"] for epoch in result.curve)})
    return pd.DataFrame(rows)


def rates(results: MapResults, design: Design) -> pd.DataFrame:
    """Return validation R@10 (%) at each rate that was tried, mean over the tuning seeds, and which one is the best."""
    rows = []
    for batch_size, tuned in results.tuned.items():
        best = design.chosen_rates(tuned)
        for method in design.methods_at(batch_size):
            row = {"B": batch_size, "selector": method}
            for rate in design.rates:
                mine = [r.validation["mean R@10"] for r in tuned if (r.training.method, r.training.lr) == (method, rate)]
                row[f"lr {rate:g}"] = fmean(mine)
            rows.append(row | {"best lr": best[method], "n": design.tuning_seeds})
    return pd.DataFrame(rows)


def curves(trainings: list[Mapped]) -> pd.DataFrame:
    """Return for each cell and epoch the mean over seeds of validation R@10 (%), its sd, n, and of the in-batch loss."""
    rows = [
        {"line": one.line, "B": one.batch_size, "selector": one.selector, "epoch": epoch["epoch"]}
        | {"validation R@10": epoch["mean R@10"], SHARE: epoch["share of ln B"]}
        for one in trainings
        for epoch in one.result.curve
    ]
    grouped = pd.DataFrame(rows).groupby([*CELL, "epoch"], sort=False)
    return grouped.agg(
        n=("validation R@10", "count"),
        **{"validation R@10": ("validation R@10", "mean"), "sd": ("validation R@10", "std"), SHARE: (SHARE, "mean")},
    ).reset_index()


def seconds(trainings: list[Mapped]) -> pd.DataFrame:
    """Return seconds of a training (mean), and how many more epochs with shuffled batches the choosing would have paid for.

    "worth": the seconds of choosing (features of all items and the plan) beyond those of shuffled batches, over the seconds of
    an epoch's updates.
    """
    rows = [
        {"line": one.line, "B": one.batch_size, "selector": one.selector, "epochs": len(one.result.curve)} | one.result.seconds
        for one in trainings
    ]
    table = pd.DataFrame(rows).groupby(CELL, sort=False).mean().reset_index()
    table["worth (epochs)"] = 0.0
    for place, row in table.iterrows():
        same = table[(table.line == row.line) & (table.B == row.B)]
        base = same[same.selector == BASELINE].iloc[0]
        choosing = (row.features + row.selection) - (base.features + base.selection)
        table.loc[place, "worth (epochs)"] = choosing / (base.steps / base.epochs)
    return table
