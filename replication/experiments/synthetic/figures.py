"""Figures 2 and 3."""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
import torch

from replication.experiments.synthetic.convergence import CONFIGURATION
from replication.geometry import optimal_gram, target_name
from replication.reporting.plotting import METHOD_LABELS, method_styles

REFERENCES = ("full batch", "all batches", "fixed")  # drawn dashed: not among the curves of the published figure


def convergence_figure(means: pd.DataFrame, seeds: int) -> plt.Figure:
    """Draw Figure 3 from `mean_curves` of one parametrization: a panel for each (N, d), mean ± sd over the seeds.

    Panels show the distance to the optimum, or, where no theorem gives one, the full-batch loss.
    """
    panels = list(means.groupby(CONFIGURATION, sort=False))
    columns = 2 if len(panels) == 4 else min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(4.6 * columns, 3.5 * rows), squeeze=False, sharex=True)
    styles = method_styles(means.method)
    for axis, ((n, d, size, _), group) in zip(axes.flat, panels, strict=False):
        quantity = "distance" if target_name(n, d) else "loss"
        for method, curve in group.groupby("method", sort=False):
            mean, sd = curve[f"{quantity} mean"], curve[f"{quantity} sd"].fillna(0)
            style = {"color": styles[method][0], "linestyle": "--" if method in REFERENCES else "-"}
            style["linewidth"] = 1.4 if method in REFERENCES else 2.2
            axis.plot(curve.epoch, mean, label=METHOD_LABELS.get(method, method), **style)
            shade = 0.07 if method in REFERENCES else 0.18
            axis.fill_between(curve.epoch, (mean - sd).clip(lower=0), mean + sd, color=style["color"], alpha=shade, linewidth=0)
        axis.set_title(f"N={n}, d={d}, B={size}: {target_name(n, d) or 'no theorem'}")
        axis.set_ylabel("distance $\\|G - G^*\\|_F$" if quantity == "distance" else "full-batch loss (nats)")
        axis.set_ylim(bottom=0 if quantity == "distance" else None)
    for axis in axes[-1]:
        axis.set_xlabel("epoch (N/B updates)")
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    vectors = {"free": "free vectors, loss of their directions (released code)", "sphere": "vectors re-normalised each step"}
    figure.suptitle(f"Distance to the optimal geometry, mean ± sd of n={seeds} seeds; {vectors[means.vectors.iloc[0]]}")
    return figure


def heat_maps(grams: dict, rest: pd.DataFrame) -> plt.Figure:
    """Draw Figure 2: the Gram matrices at rest (seed 0) below the theoretical optimum, one column for each (N, d)."""
    pairs = list(dict.fromkeys((n, d) for n, d, _ in grams))
    families = list(dict.fromkeys(family for *_, family in grams))
    size = 1 + len(families), len(pairs)
    figure, axes = plt.subplots(*size, figsize=(2.35 * size[1] + 1.2, 2.55 * size[0]), squeeze=False)
    for column, (n, d) in zip(axes.T, pairs, strict=True):
        target = optimal_gram(n, d)
        shown = {"theory": torch.full((n, n), float("nan")) if target is None else target}
        shown |= {family: grams[n, d, family] for family in families}
        for axis, (name, gram) in zip(column, shown.items(), strict=True):
            image = axis.imshow(gram, cmap="YlGn", vmin=-1, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
            sns.despine(ax=axis, left=True, bottom=True)
            if (n, d) == pairs[0]:
                axis.set_ylabel(METHOD_LABELS.get(name, "theoretical optimum"))
            if name == "theory":
                axis.set_title(f"N={n}, d={d}\n{target_name(n, d) or 'no theorem'}")
                continue
            mine = rest[(n == rest.N) & (rest.d == d) & (rest.family == name) & (rest.seed == 0)].iloc[0]
            distance = "" if target is None else f"distance {mine.distance:.1g}, "
            axis.set_xlabel(f"{distance}{mine.status}\nat step {mine.steps:,}", fontsize=9)
    figure.colorbar(image, ax=axes, shrink=0.5, label="$u_i \\cdot v_j$")
    return figure
