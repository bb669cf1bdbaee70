"""The map of sizes (N, d, B) at which the full-batch and the all-batches optimum differ."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.patches import Patch

from replication.experiments.theory.search import COINCIDE, DIFFER, SHARE

BACKGROUND = {"theorem": "white", "N = 2d": "#b5b5b5", COINCIDE: "#e3e3e3", SHARE: "#f2d9a6"}
MEANING = {
    "theorem": "N ≤ d+1 (Theorem 4) or B ≥ N",
    "N = 2d": "= optima coincide, N = 2d (Theorem 4)",
    COINCIDE: "= optima coincide (found numerically)",
    SHARE: "~ some optima in common, not all",
}
SIGNS = {COINCIDE: "=", SHARE: "~"}


def search_figure(table: pd.DataFrame, starts: int) -> plt.Figure:
    """Draw one panel for each B of the table of `search`, made with `starts`: the colour is `gap1` where the optima differ."""
    batch_sizes = sorted(table.B.unique())
    columns = min(2, len(batch_sizes))
    lines = -(-len(batch_sizes) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(7.5 * columns, 0.6 + 3.4 * lines), squeeze=False)
    different = table.gap1[table.verdict == DIFFER]
    norm = LogNorm(different.min() / 2, different.max() * 2) if len(different) else LogNorm(1e-8, 1e-3)
    for axis, size in zip(axes.flat, batch_sizes, strict=False):
        _draw_map(axis, table[size == table.B], table, norm)
        axis.set_title(f"B = {size}")
    for axis in axes.flat[len(batch_sizes) :]:
        axis.set_visible(False)
    bar = figure.colorbar(ScalarMappable(norm, "viridis"), ax=axes)
    bar.set_label("optima differ: gap1 (nats), the all-batches loss\nat the full-batch optimum above its own optimum")
    kinds = [kind for kind in BACKGROUND if kind != SHARE or (table.verdict == SHARE).any()]
    handles = [Patch(facecolor=BACKGROUND[kind], edgecolor="grey", label=MEANING[kind]) for kind in kinds]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=11)
    figure.suptitle(f"Do full-batch and all-batches training have the same optima? (best of {starts} starts; numbers: gap1)")
    return figure


def _draw_map(axis: plt.Axes, rows: pd.DataFrame, table: pd.DataFrame, norm: LogNorm) -> None:
    """Draw the cells (N, d) of one B, on the ranges of N and d of the whole table."""
    kinds = list(BACKGROUND)
    kind = rows.verdict.where((rows.theorem != "N = 2d") | (rows.verdict != COINCIDE), "N = 2d")
    rows = rows.assign(
        background=kind.map(lambda name: kinds.index(name) if name in kinds else 0),
        gap=rows.gap1.where(rows.verdict == DIFFER),
        text=[f"{row.gap1:.0e}" if row.verdict == DIFFER else SIGNS[row.verdict] for row in rows.itertuples()],
    )
    axes_of_map = {"index": range(table.d.max(), table.d.min() - 1, -1), "columns": range(table.N.min(), table.N.max() + 1)}
    background, gap, text = (
        rows.pivot(index="d", columns="N", values=name).reindex(**axes_of_map) for name in ("background", "gap", "text")
    )
    colours = ListedColormap(list(BACKGROUND.values()))
    look = {"cbar": False, "linewidths": 1, "linecolor": "white", "ax": axis}
    sns.heatmap(background.fillna(0).astype(int), cmap=colours, vmin=-0.5, vmax=len(kinds) - 0.5, **look)
    if gap.notna().any(axis=None):  # seaborn warns about maps without a single number
        numbers = {"annot": text.fillna(""), "fmt": "", "annot_kws": {"size": 11}}
        sns.heatmap(gap, cmap="viridis", norm=norm, mask=gap.isna(), **numbers, **look)
    for (line, d), (column, n) in ((a, b) for a in enumerate(text.index) for b in enumerate(text.columns)):
        if text.loc[d, n] in SIGNS.values():
            axis.text(column + 0.5, line + 0.5, text.loc[d, n], ha="center", va="center", fontsize=12)
    axis.set(xlabel="number of pairs N", ylabel="dimension d")
    axis.tick_params(axis="y", rotation=0)
