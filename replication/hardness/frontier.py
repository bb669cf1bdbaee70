"""The selectors that the frontier of cost against hardness compares, and its figure."""

import importlib.util

import matplotlib.pyplot as plt
import pandas as pd

from replication.plotting import METHOD_COLOURS
from replication.selection import (
    GCBS,
    BalancedKMeans,
    BatchSelector,
    GraphPartition,
    MixedBatches,
    NearestNeighbour,
    OrderedSGD,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)

FAMILIES = {  # first word of a selector's name: (colour, marker)
    "SGD": (METHOD_COLOURS["SGD"], "o"),
    "OSGD": (METHOD_COLOURS["OSGD"], "o"),
    "SC": (METHOD_COLOURS["SC"], "s"),
    "SwapSearch": (METHOD_COLOURS["SwapSearch"], "D"),
    "MixedBatches": (METHOD_COLOURS["SwapSearch"], "d"),
    "others": (METHOD_COLOURS["all batches"], "^"),
}


def frontier_selectors(samples: int, batch_size: int, temperature: float, k: int, candidates: int) -> dict[str, BatchSelector]:
    """Return the selectors to compare on N samples, by name; METIS is left out where pymetis is not installed.

    Args:
        samples: N; chunk sizes that reach N or more are left out, as they are the whole set.
        batch_size, temperature: of all of them.
        k: batches in a chunk of spectral clustering and of the chunked SwapSearch.
        candidates: OSGD keeps a tenth of so many batches, at most N/B.
    """
    whole = samples // batch_size
    chunk = {} if k >= whole else {"k": k}
    selectors = {
        "SGD": ShuffledBatches(batch_size),
        "OSGD": OrderedSGD(batch_size, k=min(candidates, whole), temperature=temperature),
        "SC": SpectralClustering(batch_size, **chunk, temperature=temperature),
        "SC (exp)": SpectralClustering(batch_size, **chunk, affinity="exp", temperature=temperature),
    }
    selectors["SwapSearch"] = SwapSearch(batch_size, **chunk, temperature=temperature)
    for size in (k // 4, 2 * k):
        if 1 < size < whole:
            selectors[f"SwapSearch, k={size}"] = SwapSearch(batch_size, size, temperature)
    if chunk:
        selectors["SwapSearch, whole set"] = SwapSearch(batch_size, temperature=temperature)
    selectors |= {
        "SwapSearch by loss, whole set": SwapSearch(batch_size, temperature=temperature, objective="loss"),
        "MixedBatches, half of SwapSearch": MixedBatches(SwapSearch(batch_size, temperature=temperature), 0.5),
        "nearest neighbours": NearestNeighbour(batch_size),
        f"nearest neighbours, skip {batch_size}": NearestNeighbour(batch_size, skip=batch_size),
        "balanced k-means": BalancedKMeans(batch_size),
        "GCBS": GCBS(batch_size),
    }
    if importlib.util.find_spec("pymetis"):
        selectors["METIS"] = GraphPartition(batch_size, temperature=temperature)
    return selectors


def frontier_figure(plans: pd.DataFrame) -> plt.Figure:
    """Draw mean in-batch loss (nats) against seconds for a plan, a panel for each input; mean ± sd over the plans."""
    inputs = list(dict.fromkeys(plans.input))
    columns = min(2, len(inputs))
    rows = -(-len(inputs) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(8.2 * columns, 5.6 * rows), squeeze=False)
    for axis, name in zip(axes.flat, inputs, strict=False):
        points = plans[plans.input == name].groupby("selector", sort=False)[["seconds", "mean"]].agg(["mean", "std", "count"])
        ordered = points.sort_values(("mean", "mean"))
        for selector, point in points.iterrows():
            colour, marker = FAMILIES.get(selector.split(",")[0].split(" ")[0], FAMILIES["others"])
            x, y = max(point["seconds"]["mean"], 1e-4), point["mean"]["mean"]
            axis.errorbar(x, y, yerr=point["mean"]["std"], color=colour, marker=marker, markersize=8, capsize=3)
            above = ordered.index.get_loc(selector) % 2
            axis.annotate(
                selector, (x, y), (0, 9 if above else -9), textcoords="offset points", ha="center",
                va="bottom" if above else "top", fontsize=8.5, color=colour,
            )  # fmt: skip
        count = int(points["mean"]["count"].min())
        axis.set(xscale="log", title=f"{name} (N={int(plans[plans.input == name].N.iloc[0]):,}; n={count} plans each)")
        axis.set(xlabel="seconds from embeddings to plan", ylabel="mean in-batch loss (nats)")
        axis.margins(x=0.18, y=0.1)
    for axis in axes.flat[len(inputs) :]:
        axis.set_visible(False)
    return figure
