"""The figures of 08_neighbours."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.colors import ListedColormap

from replication.evaluation.interval import student_interval
from replication.experiments.neighbours.client_comparison import ADAPTIVE, DUAL, LOCAL, OPTIMUM
from replication.experiments.neighbours.query_batches import DRAWN, FEW_SHOT
from replication.experiments.neighbours.surviving_losses import AMONG, ANOTHER, EQUAL, PROPORTIONAL, SAME, UNDECIDED
from replication.reporting.plotting import METHOD_COLOURS, method_styles

RELATIONS = (EQUAL, PROPORTIONAL, SAME, AMONG, ANOTHER, UNDECIDED)
QUERY_LABELS = dict(
    zip(
        DRAWN,
        (
            "alone: zero-shot",
            "together: EM-Dirichlet",
            "together: EM-Dirichlet, hard",
            "alone: nearest labelled images",
            "together, with labelled images",
            "together, with labelled images, hard",
        ),
        strict=True,
    )
)
SHADES = ("#1a7f4b", "#5cb085", "#b9dfc4", "#fbe3a2", "#d9826b", "#dddddd")


def survival_figure(table: pd.DataFrame) -> plt.Figure:
    """Draw the relation of each loss to its full-batch loss, one panel for each d: losses down, families across."""
    dimensions, losses, families = (list(dict.fromkeys(table[name])) for name in ("d", "loss", "family"))
    size = 3.1 * len(dimensions) + 2.8, 0.48 * len(losses) + 1.6
    figure, axes = plt.subplots(1, len(dimensions), figsize=size, sharey=True, squeeze=False)
    for axis, d in zip(axes[0], dimensions, strict=True):
        shown = table[table.d == d].pivot(index="loss", columns="family", values="relation").loc[losses, families]
        codes = shown.map(RELATIONS.index).to_numpy()
        axis.imshow(codes, cmap=ListedColormap(SHADES), vmin=-0.5, vmax=len(SHADES) - 0.5, aspect="auto")
        for (row, column), code in np.ndenumerate(codes):
            words = RELATIONS[code].replace(" among", "\namong").replace("another ", "another\n")
            colour = "white" if code == 0 else "black"
            axis.text(column, row, words, ha="center", va="center", fontsize=8, color=colour, linespacing=1.15)
        counts = {"all batches": "all 84\nbatches", "2-design": "2-design\n(12 batches)", "fixed": "fixed\n(3 batches)"}
        axis.set_xticks(range(len(families)), [counts.get(family, family) for family in families])
        axis.set_yticks(range(len(losses)), losses)
        axis.set_title(f"d = {d}")
        axis.grid(False)
    figure.suptitle("The loss of a family of mini-batches against the full batch's (N = 9, B = 3)")
    return figure


def anchor_figure(curves: pd.DataFrame, seeds: int) -> plt.Figure:
    """Draw the gap and the gradient norm against the samples, one row for each source."""
    sources = list(dict.fromkeys(curves.source))
    figure, axes = plt.subplots(len(sources), 2, figsize=(10.5, 3.7 * len(sources)), squeeze=False, sharex=True)
    names = {"gap": "Φ above its least value", "gradient": "norm of the gradient of Φ"}
    styles = method_styles(curves.method)
    for row, source in zip(axes, sources, strict=True):
        for axis, (measure, label) in zip(row, names.items(), strict=True):
            for method, group in curves[curves.source == source].groupby("method", sort=False):
                colour, _ = styles[method]
                _band(axis, group, "samples", measure, colour, method)
            axis.set(xscale="log", yscale="log", ylabel=label, title=source)
    for axis in axes[-1]:
        axis.set_xlabel("candidates drawn for each anchor")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle(f"Worst-case anchors at equal samples: mean and 95 % interval of n = {seeds} seeds, step sizes tuned")
    return figure


def client_figure(curves: pd.DataFrame, ends: pd.DataFrame, seeds: int) -> plt.Figure:
    """Draw the gap of the averaged encoder against the local steps, one panel for each q."""
    periods = list(dict.fromkeys(curves.q))
    figure, axes = plt.subplots(1, len(periods), figsize=(4.2 * len(periods), 4.2), sharey=True, squeeze=False)
    palette = sns.color_palette("colorblind")
    colours = {DUAL: palette[0], ADAPTIVE: palette[2], LOCAL: palette[3]}
    exact = ends[ends.method == OPTIMUM].gap.mean()
    for axis, q in zip(axes[0], periods, strict=True):
        for method, group in curves[curves.q == q].groupby("method", sort=False):
            label = method if method == LOCAL else f"{method}, shared dual"
            _band(axis, group, "step", "gap", colours[method], label)
        axis.axhline(exact, color="black", linestyle=":", label="minimum of the local losses")
        axis.set(xscale="log", yscale="log", xlabel="local steps", title=f"averaging every q = {q} steps")
    axes[0, 0].set_ylabel("spectral loss above its optimum")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figure.suptitle(f"Clients with one digit each: mean and 95 % interval of n = {seeds} seeds")
    return figure


def noise_figure(noise: pd.DataFrame, seeds: int) -> plt.Figure:
    """Draw both parts of the variance by selector, and total variance and bias with and without the snapshot over time."""
    selectors = list(dict.fromkeys(noise.selector))
    figure, axes = plt.subplots(1, 3, figsize=(14.5, 4.6))
    now = noise[(noise["updates since"] == 0) & (noise.snapshot == "none")].groupby("selector")
    parts = {"views": ("#bbbbbb", "views: E Var(g|B)"), "batches": ("#444444", "batches: Var E(g|B)")}
    for shift, (part, (colour, label)) in zip((-0.2, 0.2), parts.items(), strict=True):
        means = now[part].mean()[selectors]
        errors = [means[name] - student_interval(now.get_group(name)[part])[0] for name in selectors]
        places = np.arange(len(selectors)) + shift
        axes[0].bar(places, means, 0.38, yerr=errors, capsize=4, color=colour, ecolor="#d55e00", label=label)
    axes[0].set_xticks(range(len(selectors)), selectors)
    axes[0].set(yscale="log", ylabel="variance / |full-batch gradient|²", title="Where the noise comes from")
    axes[0].grid(False, axis="x")
    axes[0].legend(loc="upper left")
    dashes = {"none": "-", "embeddings": "--", "gradients": ":"}
    labels = {"total": "variance / |full-batch gradient|²", "bias": "|E g - full-batch gradient| / its norm"}
    for axis, (measure, label) in zip(axes[1:], labels.items(), strict=True):
        for (selector, correction), group in noise.groupby(["selector", "snapshot"], sort=False):
            if selector in ("SGD", "SwapSearch"):
                name = f"{selector}, {'no snapshot' if correction == 'none' else f'snapshot of {correction}'}"
                _band(axis, group, "updates since", measure, METHOD_COLOURS[selector], name, linestyle=dashes[correction])
        axis.set(xlabel="updates since the snapshot", ylabel=label)
    axes[1].set(yscale="log", title="Noise with a snapshot")
    axes[2].set(ylim=(0, None), title="Bias with a snapshot")
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(f"Noise of a contrastive gradient: mean and 95 % interval of n = {seeds} seeds")
    return figure


def query_figure(table: pd.DataFrame, seeds: int) -> plt.Figure:
    """Draw the accuracy of each method against the number of classes in a batch of queries, one panel for each selector."""
    selectors, counts = list(dict.fromkeys(table.selector)), list(dict.fromkeys(table.classes))
    figure, axes = plt.subplots(1, len(selectors), figsize=(3.4 * len(selectors), 4.4), sharey=True, squeeze=False)
    palette = sns.color_palette("colorblind")
    colours = dict(zip(DRAWN, [palette[7], palette[0], palette[3]] * 2, strict=True))
    for axis, selector in zip(axes[0], selectors, strict=True):
        for place, method in enumerate(DRAWN):
            values = table[(table.selector == selector) & (table.method == method)].groupby("classes").accuracy
            means, ends = values.mean()[counts], values.apply(student_interval)[counts]
            errors = np.abs(np.array([*ends]).T - means.to_numpy())
            shifted = np.arange(len(counts)) + 0.06 * (place - 2.5)
            few = method.startswith(FEW_SHOT)
            style = {"linestyle": "--" if few else "-", "marker": "s" if few else "o", "capsize": 3, "markersize": 5}
            axis.errorbar(shifted, means, errors, color=colours[method], label=QUERY_LABELS[method], **style)
        axis.set_xticks(range(len(counts)), [str(count) for count in counts])
        axis.set(title=f"trained with {selector}", xlabel="classes in the batch of queries")
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set(ylabel="accuracy, %", ylim=(max(low, 0), min(high, 100)))
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(f"Queries classified alone or together: mean and 95 % interval of n = {seeds} networks")
    return figure


def _band(axis, group: pd.DataFrame, x: str, y: str, colour, label: str, linestyle: str = "-") -> None:
    """Draw the mean over seeds against x, with its 95 % interval as a band, cut off at a fifth of the mean."""
    values = group.groupby(x)[y]
    mean = values.mean()
    ends = values.apply(student_interval)
    low, high = (np.array([end[side] for end in ends]) for side in (0, 1))
    axis.plot(mean.index, mean, color=colour, label=label, linestyle=linestyle)
    axis.fill_between(mean.index, np.maximum(low, mean / 5), high, color=colour, alpha=0.2, linewidth=0)
