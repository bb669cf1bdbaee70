"""The selectors that the frontier of cost against hardness compares, and its figure."""

import importlib.util

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D

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
    """Draw mean in-batch loss (nats) against seconds for a plan, a panel for each input; mean ± sd over the plans.

    Selectors are numbered, as their names would overlap; the legend names them.
    """
    inputs = list(dict.fromkeys(plans.input))
    number = {name: index + 1 for index, name in enumerate(dict.fromkeys(plans.selector))}
    columns = min(2, len(inputs))
    rows = -(-len(inputs) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(6.6 * columns, 4.6 * rows), squeeze=False)
    handles = {}
    for axis, name in zip(axes.flat, inputs, strict=False):
        mine = plans[plans.input == name]
        points = mine.groupby("selector", sort=False)[["seconds", "mean"]].agg(["mean", "std", "count"])
        for selector, point in points.iterrows():
            colour, marker = FAMILIES.get(selector.split(",")[0].split(" ")[0], FAMILIES["others"])
            x, y = max(point["seconds"]["mean"], 1e-4), point["mean"]["mean"]
            style = {"color": colour, "marker": marker, "markersize": 9, "linestyle": ""}
            axis.errorbar(x, y, yerr=point["mean"]["std"], capsize=3, **style)
            axis.annotate(str(number[selector]), (x, y), (7, 4), textcoords="offset points", fontsize=11, color="black")
            handles[selector] = Line2D([], [], label=f"{number[selector]}  {selector}", **style)
        count = int(points["mean"]["count"].min())
        axis.set(xscale="log", title=f"{name} (N={int(mine.N.iloc[0]):,}; n={count} plans each)")
        axis.set(xlabel="seconds from embeddings to plan", ylabel="mean in-batch loss (nats)")
        axis.margins(x=0.1, y=0.1)
    for axis in axes.flat[len(inputs) :]:
        axis.set_visible(False)
    figure.legend(handles=[handles[name] for name in number], loc="outside lower center", ncols=3)
    return figure
