"""The figure of growth: seconds and hardness against the number of pairs."""

import matplotlib.pyplot as plt
import pandas as pd

from replication.experiments.scale.growth import RANDOM, SHARDED, WHOLE
from replication.reporting.plotting import METHOD_COLOURS

STYLES = {  # colour, marker, line style
    SHARDED: (METHOD_COLOURS["fixed"], "D", "-"),
    WHOLE: (METHOD_COLOURS["full batch"], "o", "--"),
    "chunks of a shard's size": (METHOD_COLOURS["SC"], "s", ":"),
    "chunks of 1,280": (METHOD_COLOURS["OSGD"], "v", ":"),
    RANDOM: (METHOD_COLOURS["SGD"], "^", ":"),
}


def growth_figure(dataset: str, hardness: pd.DataFrame, cost: pd.DataFrame) -> plt.Figure:
    """Draw seconds for a plan and mean in-batch loss (nats) against the number of pairs, for each way."""
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.6))
    for name, (colour, marker, line) in STYLES.items():
        style = {"color": colour, "marker": marker, "linestyle": line, "label": name}
        if f"{name} (s)" in cost:
            axes[0].plot(cost.N, cost[f"{name} (s)"], **style)
        if name in hardness:
            axes[1].plot(hardness.N, hardness[name], **style)
    for axis, label in zip(axes, ("seconds for a plan", "mean in-batch loss (nats)"), strict=True):
        axis.set(xscale="log", xlabel="pairs N", ylabel=label, xticks=cost.N)
        axis.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
        axis.xaxis.set_minor_formatter("")
    axes[0].set(yscale="log")
    figure.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    what = f"the images of {dataset}, tiled" if dataset else "a mixture like CIFAR's"
    figure.suptitle(f"SwapSearch on {what}, one plan each, {cost.workers.iloc[0] or 'no'} workers")
    return figure
