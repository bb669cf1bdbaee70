"""Figure 4: how the losses of the batches are distributed."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from replication.reporting.plotting import METHOD_LABELS, method_styles

LOSS_LABEL = "loss of a mini-batch (nats); dashed: mean"


def loss_histogram(losses: pd.DataFrame, title: str) -> plt.Figure:
    """Draw the distribution of batch losses (nats) of each selector, all seeds pooled, as densities on one axis."""
    figure, axis = plt.subplots(figsize=(9, 4.6))
    _draw_losses(axis, losses, (losses.loss.min(), losses.loss.max()), bins=60)
    axis.legend()
    axis.set_xlabel(LOSS_LABEL)
    axis.set_title(title, parse_math=False)  # it may name a user's file
    return figure


def loss_histograms(losses: dict[str, pd.DataFrame], title: str) -> plt.Figure:
    """Draw a panel as `loss_histogram` for each entry, one below the other, on one axis of losses."""
    figure, axes = plt.subplots(len(losses), figsize=(11, 0.8 + 2.2 * len(losses)), sharex=True, squeeze=False)
    every = pd.concat(losses.values()).loss
    for axis, (name, frame) in zip(axes[:, 0], losses.items(), strict=True):
        _draw_losses(axis, frame, (every.min(), every.max()), bins=40)
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
        axis.set_title(name, fontsize="medium", parse_math=False)
    axes[-1, 0].set_xlabel(LOSS_LABEL)
    figure.suptitle(title, fontsize="medium", parse_math=False)
    return figure


def _draw_losses(axis: plt.Axes, losses: pd.DataFrame, limits: tuple[float, float], bins: int) -> None:
    styles = method_styles(losses.selector)
    for name, group in losses.groupby("selector", sort=False):
        colour, _ = styles[name]
        # Records keep a part of the losses, and the mean and number of all.
        count, mean = len(group), group.loss.mean()
        if "batches" in group:
            count, mean = group.batches.iloc[0], group["mean"].iloc[0]
        label = f"{METHOD_LABELS.get(name, name)}: mean {mean:.3g} (n={count:,} batches)"
        sns.histplot(
            group, x="loss", ax=axis, stat="density", bins=bins, binrange=limits, element="step", fill=True, alpha=0.25,
            color=colour, label=label, linewidth=1.8,
        )  # fmt: skip
        axis.axvline(mean, color=colour, linestyle="--", linewidth=1.5)
    axis.set(xlabel="", ylabel="density (1/nat)")
