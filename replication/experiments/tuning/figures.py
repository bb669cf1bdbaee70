"""Figures of 09_tuning: regret against evaluations, and the landscape of (lr, k, hardness)."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from replication.reporting.plotting import method_styles

COLOURS = {"TS-RSR": "SC", "Thompson": "OSGD", "random": "SGD"}  # those of the methods whose names are not used here


def regret_figure(means: pd.DataFrame, measure: str, label: str, title: str) -> plt.Figure:
    """Draw mean regret against evaluations with its 95 % interval, a panel for each problem.

    Args:
        means: as `regret.curves` returns it.
        measure: "regret", or "log10 regret", drawn on a log axis.
        label: of the upright axis.
        title: above all.
    """
    problems = list(dict.fromkeys(means.problem))
    columns = min(2, len(problems))
    rows = -(-len(problems) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(5.4 * columns, 3.5 * rows + 0.9), squeeze=False)
    shown = (lambda x: 10**x) if measure == "log10 regret" else (lambda x: x)
    for axis, problem in zip(axes.flat, problems, strict=False):
        mine = means[means.problem == problem]
        for rule, curve in mine.groupby("rule", sort=False):
            colour, marker = _style(rule, list(dict.fromkeys(means.rule)))
            every = max(1, len(curve) // 6)
            axis.plot(
                curve.evaluations,
                shown(curve[measure]),
                marker=marker,
                markevery=every,
                color=colour,
                label=rule,
                clip_on=False,
            )
            if curve.low.notna().all():
                axis.fill_between(curve.evaluations, shown(curve.low), shown(curve.high), color=colour, alpha=0.18, linewidth=0)
        axis.set(title=problem if len(problems) > 1 else None, xlabel="evaluations", ylabel=label)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        if measure == "log10 regret":
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
        axis.set_xlim(mine.evaluations.min(), mine.evaluations.max())
    for axis in axes.flat[len(problems) :]:
        axis.set_visible(False)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle(title)
    return figure


def landscape_figure(table: pd.DataFrame, limit: int, title: str) -> plt.Figure:
    """Draw the mean number of updates over the starts as heat maps, lr against hardness, a panel for each k.

    Args:
        table: as `embeddings.landscape` returns it.
        limit: most updates; settings where no start arrived are grey.
        title: above all.
    """
    means = table.groupby(["k", "hardness", "lr"]).updates.mean()
    ks = sorted(table.k.unique())
    low = float(means.min())
    figure, axes = plt.subplots(1, len(ks), figsize=(2.9 * len(ks) + 1.2, 3.9), sharey=True, squeeze=False)
    for axis, k in zip(axes[0], ks, strict=True):
        grid = means[k].unstack("lr")
        norm = LogNorm(low, limit) if low < limit else None
        image = axis.imshow(grid.where(grid < limit), origin="lower", aspect="auto", cmap="viridis_r", norm=norm)
        axis.set_xticks(range(0, grid.shape[1], 2), [f"{lr:g}" for lr in grid.columns[::2]], rotation=60)
        axis.set_yticks(range(len(grid)), [f"{hardness:g}" for hardness in grid.index])
        axis.grid(False)
        axis.set_facecolor("0.88")
        axis.set(title=f"hardest of k = {k}" if k > 1 else "k = 1: shuffled", xlabel="learning rate")
        best = means.idxmin()
        if best[0] == k and low < limit:
            place = grid.columns.get_loc(best[2]), grid.index.get_loc(best[1])
            axis.plot(*place, "*", color="white", markersize=15, markeredgecolor="black")
    axes[0, 0].set_ylabel("hardness: share of updates\non the hardest batch")
    bar = figure.colorbar(image, ax=axes[0], label="updates (grey: none arrived)")
    if norm is not None:
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
        bar.ax.yaxis.set_major_formatter("{x:g}")
    figure.suptitle(title)
    return figure


def _style(rule: str, rules: list[str]) -> tuple[str, str]:
    """Return colour and marker of a rule, the same in all figures."""
    stands = [COLOURS.get(name, name) for name in rules]
    colour, _ = method_styles(stands)[COLOURS.get(rule, rule)]
    return colour, "os^D"[rules.index(rule) % 4]
