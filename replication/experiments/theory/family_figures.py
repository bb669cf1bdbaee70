"""Figures on which families of mini-batches keep the full-batch optimum: Theorem 5 and the 2-design criterion."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from replication.reporting.plotting import METHOD_COLOURS

RANDOM_COLOUR = METHOD_COLOURS["SGD"]
DESIGN_COLOUR = METHOD_COLOURS["all batches"]
SPOILED_COLOUR = METHOD_COLOURS["fixed"]
OVER_GRID = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # background of text that lies on grid lines


def theorem_5_figure(table: pd.DataFrame) -> plt.Figure:
    """Draw the excess at the full-batch optimum against the number of pairs used, one panel for each N of `table`."""
    sizes = sorted(table.N.unique())
    figure, axes = plt.subplots(1, len(sizes), figsize=(7 * len(sizes), 4.8), squeeze=False)
    for axis, n in zip(axes[0], sizes, strict=True):
        rows = table[table["N"] == n].assign(excess=lambda frame: frame.excess.round(6))
        dots = rows.groupby(["batches", "excess"]).size().rename("families").reset_index()
        axis.scatter(dots.batches, dots.excess, s=25 + 3 * dots.families, color=SPOILED_COLOUR, alpha=0.7)
        for dot in dots.itertuples() if n == 4 else ():
            axis.annotate(f"{dot.families}", (dot.batches, dot.excess), xytext=(10, 6), textcoords="offset points")
        every = n * (n - 1) // 2
        axis.plot(every, 0, "*", ms=18, color=DESIGN_COLOUR)
        beside = {"xytext": (-14, 0), "textcoords": "offset points", "ha": "right", "va": "center"}
        axis.annotate(f"all {every} pairs: 0", (every, 0), bbox=OVER_GRID, **beside)
        axis.set(xlabel=f"pairs in the family, of C({n}, 2) = {every}", ylabel="excess at the full-batch optimum (nats)")
        axis.set(ylim=(-0.025, rows.excess.max() * 1.15), xlim=(0.4, every + 0.6))
        axis.set_xticks(range(1, every + 1))
        axis.set_title(f"All {len(rows)} strict non-empty subsets, N={n}, d={n - 1}, B=2\n(size of a dot: how many subsets)")
    return figure


def design_figure(table: pd.DataFrame) -> plt.Figure:
    """Draw the excess at the simplex ETF against the spread of the pair counts, for the families of `design_table`."""
    figure, axis = plt.subplots(figsize=(9, 6))
    kind = np.where(table.two_design, "2-design", np.where(table.family.str.startswith("random"), "random", "spoiled"))
    floor = 1e-4  # where excess 0 is drawn on the logarithmic axis
    looks = {
        "random": ("o", 60, RANDOM_COLOUR, "random batches"),
        "spoiled": ("s", 60, SPOILED_COLOUR, "2-design less one block"),
        "2-design": ("*", 260, DESIGN_COLOUR, "2-design (equal pair counts)"),
    }
    for name, (marker, size, colour, label) in looks.items():
        rows = table[kind == name]
        label = f"{label}, n={len(rows)}"
        axis.scatter(rows.pair_count_spread, rows.excess.clip(lower=floor), marker=marker, s=size, color=colour, label=label)
    smaller = table[table.two_design & (table.batches < table.possible)]
    names = [f"{row.family}: {row.batches} of {row.possible}" for row in smaller.itertuples()]
    text = "excess 0 with fewer than all batches:\n" + "\n".join(names)
    axis.annotate(text, (0, floor), xytext=(22, -6), textcoords="offset points", fontsize=12, bbox=OVER_GRID)
    axis.set_yscale("log")
    axis.set_yticks([floor, 1e-3, 1e-2, 1e-1], ["0", "$10^{-3}$", "$10^{-2}$", "$10^{-1}$"])
    axis.set(xlabel="spread of the pair counts $m_{ij}$ (standard deviation / mean)", ylabel="excess at the simplex ETF (nats)")
    axis.set_title("Equal pair counts decide, not the use of all batches (B=3, N=6, 7, 9, d=N-1)")
    figure.legend(loc="outside lower center", ncols=3)
    sns.despine(figure)
    return figure
