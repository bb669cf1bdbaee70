"""Figure 4: how the losses of the batches are distributed."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from replication.plotting import METHOD_COLOURS, METHOD_LABELS


def loss_histogram(losses: pd.DataFrame, title: str) -> plt.Figure:
    """Draw the distribution of batch losses (nats) of each selector, all seeds pooled, as densities on one axis."""
    figure, axis = plt.subplots(figsize=(9, 4.6))
    low, high = losses.loss.min(), losses.loss.max()
    for name, group in losses.groupby("selector", sort=False):
        family = name.split(",")[0]
        label = f"{METHOD_LABELS.get(family, name)}: mean {group.loss.mean():.3g} (n={len(group)} batches)"
        sns.histplot(
            group, x="loss", ax=axis, stat="density", bins=60, binrange=(low, high), element="step", fill=True, alpha=0.25,
            color=METHOD_COLOURS[family], label=label, linewidth=1.8,
        )  # fmt: skip
        axis.axvline(group.loss.mean(), color=METHOD_COLOURS[family], linestyle="--", linewidth=1.5)
    axis.set(xlabel="loss of a mini-batch (nats); dashed: mean", ylabel="density (1/nat)", title=title)
    axis.legend()
    return figure
