"""A map as figures."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from replication.evaluation.comparison import BETTER, SAME, WORSE
from replication.experiments.map.design import BASELINE
from replication.experiments.map.tables import R10, SHARE
from replication.reporting.plotting import METHOD_LABELS, method_styles

GAIN = "R@10 minus that of shuffled batches (points)"
SIGNS = {BETTER: "▲", WORSE: "▼", SAME: "="}  # what is undecided has none, and is hatched


def map_figure(cells: pd.DataFrame, methods: list[str], title: str, margin: float, seeds: int) -> plt.Figure:
    """Draw the gain over shuffled batches: a panel for each line of rates, a row for each method, a column for each B.

    Args:
        cells: as `judging.judged` makes them.
        methods: the rows, from above.
        title: what was trained; a plain text.
        margin: points of R@10 within which a difference is none.
        seeds: n.
    """
    lines = list(dict.fromkeys(cells.line))
    methods = [method for method in methods if method in set(cells.selector)]
    sizes = sorted(cells.B.unique())
    largest = max(float(cells.difference.abs().max()), margin)
    width = 3 + (max(2.4, 0.8 * len(sizes)) + 0.4) * len(lines)
    figure, axes = plt.subplots(1, len(lines), figsize=(width, 2.2 + 0.42 * len(methods)), squeeze=False)
    for axis, line in zip(axes[0], lines, strict=True):
        table = cells[cells.line == line].pivot(index="selector", columns="B", values="difference")
        table = table.reindex(index=methods, columns=sizes)
        image = axis.pcolormesh(table, cmap="RdBu", vmin=-largest, vmax=largest, edgecolor="white", linewidth=1.5)
        for row in cells[cells.line == line].itertuples():
            place = sizes.index(row.B), methods.index(row.selector)
            dark = abs(row.difference) > 0.6 * largest
            text = f"{row.difference:+.1f}{SIGNS.get(row.outcome, '')}"
            style = {"ha": "center", "va": "center", "color": "white" if dark else "black", "size": 9, "zorder": 3}
            axis.text(place[0] + 0.5, place[1] + 0.5, text, **style)
            if row.outcome not in SIGNS:
                axis.add_patch(plt.Rectangle(place, 1, 1, fill=False, hatch="//", edgecolor="0.75", linewidth=0))
        axis.set_xticks(np.arange(len(sizes)) + 0.5, sizes)
        axis.set_yticks(np.arange(len(methods)) + 0.5, methods if axis is axes[0][0] else [])
        axis.invert_yaxis()
        axis.grid(False)
        axis.set(xlabel="batch size B", title=f"rate best for {_words(line)}")
    figure.colorbar(image, ax=axes[0], label="gain in R@10 (points)")
    key = f"R@10 minus that of shuffled batches of the same size; n={seeds} seeds, Holm-corrected\n"
    key += f"▲ better, ▼ worse, = no difference (±{margin:g}), hatched: undecided"
    figure.suptitle(f"{title}\n{key}", fontsize="medium", parse_math=False)
    return figure


def dose_figure(cells: pd.DataFrame, title: str, seeds: int) -> plt.Figure:
    """Draw the gain of each cell, with its 95 % interval over seeds, against the loss of the batches trained on."""
    sizes = sorted(cells.B.unique())
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(sizes)))
    figure, axis = plt.subplots(figsize=(9.5, 5.4))
    axis.axhline(0, color="black", linewidth=1)
    for batch_size, colour in zip(sizes, colours, strict=True):
        mine = cells[cells["B"] == batch_size].sort_values(SHARE)
        growing = mine.selector.str.startswith("SwapSearch") & ~mine.selector.str.contains("hardness")
        for rows, style in ((mine[growing], "o-"), (mine[~growing], "s")):
            errors = [rows.difference - rows.low, rows.high - rows.difference]
            label = batch_size if style == "o-" else None
            axis.errorbar(
                rows[SHARE], rows.difference, yerr=errors, fmt=style, color=colour, capsize=2, linewidth=1, label=label
            )
        base = float(mine[f"{SHARE} of {BASELINE}"].iloc[0])
        axis.plot(base, 0, "D", color=colour, markeredgecolor="black", markersize=8, zorder=3)
        if len(sizes) == 1:
            for row in mine.itertuples():
                place = mine.loc[row.Index, SHARE], row.difference
                style = {"xytext": (6, 6)} if growing[row.Index] else {"xytext": (-6, -12), "ha": "right"}
                axis.annotate(row.selector, place, textcoords="offset points", size=8, **style)
    axis.set(xlabel="mean loss of the batches trained on, as a share of ln B", ylabel=GAIN)
    axis.legend(title="batch size B", ncols=2)
    key = f"circles: SwapSearch on larger and larger chunks; squares: other ways; diamonds: shuffled; 95 % over n={seeds} seeds"
    figure.suptitle(f"{title}\n{key}", fontsize="medium", parse_math=False)
    return figure


def curves_figure(curves: pd.DataFrame, sizes: list[int], methods: list[str], title: str) -> plt.Figure:
    """Draw validation R@10 over the epochs for some batch sizes, mean ± sd over seeds, of one line of rates."""
    figure, axes = plt.subplots(1, len(sizes), figsize=(2.6 + 4.4 * len(sizes), 4.6), squeeze=False)
    styles = method_styles(methods)
    for axis, size in zip(axes[0], sizes, strict=True):
        for method in methods:
            mine = curves[(curves["B"] == size) & (curves.selector == method)]
            colour, marker = styles[method]
            axis.plot(
                mine.epoch,
                mine["validation R@10"],
                color=colour,
                marker=marker,
                markersize=4,
                label=METHOD_LABELS.get(method, method),
            )
            low, high = mine["validation R@10"] - mine.sd, mine["validation R@10"] + mine.sd
            axis.fill_between(mine.epoch, low, high, color=colour, alpha=0.15, linewidth=0)
        axis.set(xlabel="epoch", title=f"B = {size}")
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[0][0].set_ylabel("R@10 on validation pairs (%)")
    axes[0][-1].legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    count = int(curves.n.min())
    figure.suptitle(f"{title}; mean ± sd over n={count} seeds", fontsize="medium", parse_math=False)
    return figure


def sizes_figure(runs: pd.DataFrame, best: dict[int, str], title: str) -> plt.Figure:
    """Draw R@10 against B: shuffled batches, and the way to choose that is best on validation pairs; mean ± sd over seeds.

    Args:
        runs: as `tables.runs`, of one line of rates.
        best: for each B, as `judging.best_by_validation`.
        title: a plain text.
    """
    figure, axis = plt.subplots(figsize=(max(7.5, 1.4 * len(best)), 4.8))
    chosen = runs[[best.get(row.B) == row.selector for row in runs.itertuples()]]
    shuffled = runs[runs.selector == BASELINE]
    for part, label, colour, marker in (
        (shuffled, "shuffled batches", "0.45", "o"),
        (chosen, "chosen batches, the way best on validation pairs", "#0173b2", "s"),
    ):
        means = part.groupby("B")[R10].agg(["mean", "std"])
        axis.errorbar(means.index, means["mean"], yerr=means["std"], fmt=f"{marker}-", color=colour, capsize=3, label=label)
    sizes = sorted(runs.B.unique())
    axis.set_xscale("log", base=2)
    axis.set_xticks(sizes, [f"{size}\n" + best.get(size, "").replace(", ", "\n") for size in sizes])
    axis.set(xlabel="batch size B; below it, the way that was chosen", ylabel="test R@10, mean of both directions (%)")
    axis.margins(x=0.1, y=0.1)
    axis.legend(loc="lower right")
    seeds = int(runs.groupby(["B", "selector"]).seed.nunique().min())
    figure.suptitle(f"{title}; mean ± sd over n={seeds} seeds", fontsize="medium", parse_math=False)
    return figure


def _words(line: str) -> str:
    return {"rate of SGD": "shuffled batches", "own rate": "each way"}[line]
