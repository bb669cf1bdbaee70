"""The selectors that the frontier of cost against hardness compares, and its figure."""

import importlib.util
from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D

from replication.reporting.plotting import METHOD_COLOURS, method_styles
from replication.selection import (
    GCBS,
    BalancedKMeans,
    BatchSelector,
    GraphPartition,
    JointExamples,
    MixedBatches,
    NearestNeighbour,
    OrderedSGD,
    RandomWalk,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)
from replication.selection.registry import parse_method

STYLES = {  # selector, whatever its k: (colour, marker, filled)
    "SGD": (METHOD_COLOURS["SGD"], "o", True),
    "OSGD": (METHOD_COLOURS["OSGD"], "o", True),
    "SC": (METHOD_COLOURS["SC"], "s", True),
    "SC (exp)": (METHOD_COLOURS["SC"], "s", False),
    "SwapSearch": (METHOD_COLOURS["fixed"], "D", True),
    "SwapSearch by loss": (METHOD_COLOURS["fixed"], "*", True),
    "half SwapSearch, half shuffled": (METHOD_COLOURS["fixed"], "D", False),
    "METIS": (METHOD_COLOURS["full batch"], "p", True),
    "METIS, then SwapSearch": (METHOD_COLOURS["full batch"], "p", False),
    "balanced k-means": (METHOD_COLOURS["all batches"], "P", True),
    "GCBS": (METHOD_COLOURS["all batches"], "X", True),
    "nearest neighbours": (METHOD_COLOURS["SwapSearch"], "^", True),
    "METIS as in B3": (METHOD_COLOURS["full batch"], "h", True),
    "JEST": (METHOD_COLOURS["OSGD"], "<", True),
    "random walk": (METHOD_COLOURS["SGD"], ">", True),
}
MARGIN = (METHOD_COLOURS["SwapSearch"], "v", True)  # nearest neighbours with a margin


def frontier_selectors(
    samples: int, batch_size: int, temperature: float, k: int, candidates: int, further: Sequence[str] = ()
) -> dict[str, BatchSelector]:
    """Return the selectors to compare on N samples, by name; those of METIS only where pymetis is installed.

    Args:
        samples: N; chunk sizes that reach N or more are left out, as they are the whole set.
        batch_size, temperature: of all of them.
        k: batches in a chunk of spectral clustering and of the chunked SwapSearch.
        candidates: OSGD keeps a tenth of so many batches, at most N/B.
        further: more ways to choose batches, one line each, as `replication.selection.registry` reads them.

    Raises:
        ValueError: a line that cannot be read.
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
            selectors[f"SC, k={size}"] = SpectralClustering(batch_size, size, temperature=temperature)
            selectors[f"SwapSearch, k={size}"] = SwapSearch(batch_size, size, temperature)
    if chunk:
        selectors["SwapSearch, whole set"] = SwapSearch(batch_size, temperature=temperature)
    selectors |= {
        "SwapSearch by loss, whole set": SwapSearch(batch_size, temperature=temperature, objective="loss"),
        "half SwapSearch, half shuffled": MixedBatches(SwapSearch(batch_size, temperature=temperature), 0.5),
        "nearest neighbours": NearestNeighbour(batch_size),
        f"nearest neighbours, skip {batch_size}": NearestNeighbour(batch_size, skip=batch_size),
        "balanced k-means": BalancedKMeans(batch_size),
        "GCBS": GCBS(batch_size),
        "JEST": JointExamples(batch_size, temperature=temperature),
        "random walk": RandomWalk(batch_size),
    }
    if importlib.util.find_spec("pymetis"):
        selectors["METIS"] = GraphPartition(batch_size, temperature=temperature)
        selectors["METIS, then SwapSearch"] = SwapSearch(batch_size, temperature=temperature, refine=selectors["METIS"])
        if batch_size >= 2 * 4 and samples - batch_size >= 30:  # else it has no room for its communities, or what it skips
            selectors["METIS as in B3"] = GraphPartition(batch_size, temperature=temperature, skip=30, communities=4)
    for method in map(parse_method, further):
        selectors.setdefault(method.name, method.make(samples, batch_size, temperature, k, candidates))
    return selectors


def frontier_figure(plans: pd.DataFrame, k: int) -> plt.Figure:
    """Draw mean in-batch loss (nats) against the least seconds of the plans, a panel for each input.

    One marker for each selector, joined by a line where several chunk sizes were planned; `k` is that of the names without
    one. The least seconds, because whatever else runs on the machine only adds to them. The grey line joins the selectors
    that none beats in both cost and loss. Bars (mostly smaller than the markers): sd of the loss.
    """
    inputs = list(dict.fromkeys(plans.input))
    columns = min(2, len(inputs))
    rows = -(-len(inputs) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(6.8 * columns, 4.6 * rows + 1.2), squeeze=False)
    handles = {}
    families = [family for family in dict.fromkeys(map(_family, plans.selector)) if family not in STYLES]
    others = {family: (*style, True) for family, style in method_styles(families).items()}
    others |= {family: MARGIN for family in families if family.startswith("nearest neighbours, skip")}
    for axis, name in zip(axes.flat, inputs, strict=False):
        mine = plans[plans.input == name]
        groups = mine.groupby("selector", sort=False)
        points = pd.DataFrame({"x": groups.seconds.min(), "y": groups["mean"].mean(), "sd": groups["mean"].std()})
        points["x"] = points.x.clip(lower=1e-4)
        front = points.sort_values("x")
        front = front[front.y == front.y.cummax()]
        axis.step(front.x, front.y, where="post", color="0.6", linewidth=3, zorder=1)
        for family, series in points.groupby(points.index.map(_family), sort=False):
            colour, marker, filled = STYLES.get(family) or others[family]
            size = 15 if marker == "*" else 9
            style = {"color": colour, "marker": marker, "markersize": size, "markerfacecolor": colour if filled else "white"}
            style |= {"markeredgewidth": 1.8, "linewidth": 1}
            series = series.sort_values("y")
            axis.errorbar(series.x, series.y, yerr=series.sd.fillna(0), capsize=3, **style)
            handles[family] = Line2D([], [], label=family, **style | {"linestyle": ""})
            if len(series) > 1:
                for selector, point in series.iterrows():
                    size = selector.partition("k=")[2] or str(k)
                    label = "whole set" if "whole" in selector else f"k={size}"
                    # SwapSearch lies left of and above SC: labels on opposite sides keep out of each other's way.
                    offset, side = ((-9, 5), "right") if family == "SwapSearch" else ((9, -12), "left")
                    axis.annotate(
                        label, (point.x, point.y), offset, textcoords="offset points", ha=side, fontsize=11, color=colour
                    )
        axis.set(xscale="log", title=f"{name} (N={int(mine.N.iloc[0]):,}; n={int(groups.size().min())} plans each)")
        axis.set(xlabel="time from embeddings to plan", ylabel="mean in-batch loss (nats)")
        axis.margins(x=0.12, y=0.1)
        axis.xaxis.set_major_formatter(lambda seconds, _: f"{seconds:g} s" if seconds >= 0.1 else f"{1000 * seconds:g} ms")
        axis.xaxis.set_minor_formatter("")
    for axis in axes.flat[len(inputs) :]:
        axis.set_visible(False)
    figure.legend(handles=list(handles.values()), loc="outside lower center", ncols=4, fontsize="medium")
    return figure


def _family(selector: str) -> str:
    """Return a selector's name without its chunk size."""
    return selector.partition(", k=")[0].removesuffix(", whole set")
