"""What trained networks are worth, and what they were trained on, as figures."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from replication.experiments.grid.records import UNTRAINED
from replication.reporting.plotting import METHOD_LABELS, method_styles


def measures_figure(
    runs: pd.DataFrame, measures: dict[str, str], title: str, before: str = UNTRAINED, before_label: str = "untrained network"
) -> plt.Figure:
    """Draw what each method's networks are worth: a panel for each measure, a point for each seed, mean ± sd beside them.

    Args:
        runs: `Results.runs` of one objective.
        measures: {column: axis label}, in the order of the panels.
        title: above all; a plain text, as it may name a user's file.
        before, before_label: the selector that stands for the networks before training, and what the legend calls it.
    """
    methods = [name for name in dict.fromkeys(runs.selector) if name != before]
    styles = method_styles(methods)
    rows = -(-len(measures) // 4)
    columns = -(-len(measures) // rows)
    figure, axes = plt.subplots(rows, columns, figsize=(3.7 * columns, 0.9 + (0.9 + 0.42 * len(methods)) * rows), squeeze=False)
    for axis, (measure, label) in zip(axes.flat, measures.items(), strict=False):
        untrained = runs.loc[runs.selector == before, measure].mean()
        axis.axvline(untrained, color="black", linestyle=":", linewidth=1.5, label=f"{before_label}: {untrained:.3g}")
        for row, method in enumerate(methods):
            values = runs.loc[runs.selector == method, measure]
            colour, marker = styles[method]
            axis.plot(values, np.full(len(values), row + 0.16), marker, color=colour, markersize=5, alpha=0.6)
            error = values.std() if len(values) > 1 else None
            axis.errorbar(values.mean(), row - 0.1, xerr=error, fmt="D", color=colour, capsize=4, markersize=7)
        axis.set_yticks(range(len(methods)), [METHOD_LABELS.get(name, name) for name in methods] if axis in axes[:, 0] else [])
        axis.set(xlabel=label, ylim=(len(methods) - 0.4, -0.6))
        axis.margins(x=0.12)
        axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize="small")
    for axis in axes.flat[len(measures) :]:
        axis.set_visible(False)
    count = int(runs[runs.selector != before].groupby("selector").seed.nunique().min())
    figure.suptitle(f"{title}\ndots: n={count} seeds; diamonds: mean ± sd", fontsize="medium", parse_math=False)
    return figure


def learning_figure(
    history: pd.DataFrame, title: str, share: str, share_label: str, guessing: float | None = None
) -> plt.Figure:
    """Draw, over the epochs, the loss of the batches trained on, and a share of likely false negatives in them, mean ± sd.

    Args:
        history: `Results.history` of one objective.
        title: above both; a plain text.
        share, share_label: the column of false negatives, and what its axis says.
        guessing: loss (nats) of a network that cannot tell the samples of a batch apart, drawn as a line.
    """
    panels = {"loss": "mean loss of the batches trained on (nats)", share: share_label}
    styles = method_styles(history.selector)
    figure, axes = plt.subplots(1, len(panels), figsize=(6.2 * len(panels), 4.4))
    for axis, (column, label) in zip(axes, panels.items(), strict=True):
        for method, group in history.groupby("selector", sort=False):
            curve = group.groupby("epoch")[column].agg(["mean", "std"]).fillna(0)
            epochs = curve.index + 1
            colour, marker = styles[method]
            line = {"color": colour, "marker": None if marker == "o" else marker, "markevery": 0.2}
            axis.plot(epochs, curve["mean"], label=METHOD_LABELS.get(method, method), **line)
            low, high = curve["mean"] - curve["std"], curve["mean"] + curve["std"]
            axis.fill_between(epochs, low, high, color=colour, alpha=0.25, linewidth=0)
        axis.set(xlabel="epoch", ylabel=label)
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[1].set_ylim(bottom=0)
    if guessing is not None:
        axes[0].axhline(guessing, color="black", linestyle=":", linewidth=1.5, label=f"guessing: {guessing:.2f}")
    axes[0].legend()
    count = int(history.groupby("selector").seed.nunique().min())
    figure.suptitle(f"{title}; mean ± sd over n={count} seeds", fontsize="medium", parse_math=False)
    return figure
