"""What each selector does on 60 points of the plane, drawn from one seed."""

import io
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.spatial import ConvexHull
from torch import Tensor

from replication import selection
from replication.selection import BatchSelector

POINTS, BATCH, TEMPERATURE = 60, 6, 0.1
# Ten colours that also the colour-blind tell apart, in pairs of dark and light; batches have shapes of their own as well.
COLOURS = ("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#b8a800", "#56b4e9")
MARKERS = "osD^vPX*<>"

# By the words in the table of selectors: what is drawn, with a title each. What is not here is drawn with its defaults.
SHOWN: dict[str, dict[str, Callable[[], BatchSelector]]] = {
    "SwapSearch": {
        "SwapSearch(6): the whole set": lambda: selection.SwapSearch(BATCH, temperature=TEMPERATURE),
        "SwapSearch(6, k=2): milder, in chunks of two": lambda: selection.SwapSearch(BATCH, 2, TEMPERATURE),
    },
    "SpectralClustering": {
        "SpectralClustering(6)": lambda: selection.SpectralClustering(BATCH, temperature=TEMPERATURE),
    },
    "OrderedSGD": {
        "OrderedSGD(6, q=2): 2 of 10 random batches": lambda: selection.OrderedSGD(BATCH, q=2, temperature=TEMPERATURE),
    },
    "JointExamples": {
        "JointExamples(6, filter=0.5)": lambda: selection.JointExamples(BATCH, 0.5, temperature=TEMPERATURE),
    },
    "MixedBatches": {
        "MixedBatches(SwapSearch(6), 0.3)": lambda: selection.MixedBatches(
            selection.SwapSearch(BATCH, temperature=TEMPERATURE), 0.3
        ),
    },
    "DistinctGroups": {
        "DistinctGroups(SwapSearch(6), groups of 8 neighbours)": lambda: selection.DistinctGroups(
            selection.SwapSearch(BATCH, temperature=TEMPERATURE), [number // 8 for number in range(POINTS)]
        ),
    },
    "NearestNeighbour": {
        "NearestNeighbour(6)": lambda: selection.NearestNeighbour(BATCH),
        "NearestNeighbour(6, skip=8)": lambda: selection.NearestNeighbour(BATCH, skip=8),
    },
    "RandomWalk": {"RandomWalk(6)": lambda: selection.RandomWalk(BATCH, candidates=20, neighbours=5)},
    "GraphPartition": {"GraphPartition(6)": lambda: selection.GraphPartition(BATCH, temperature=TEMPERATURE)},
    "GraphPartition(skip=30, communities=4)": {
        "GraphPartition(6, 6, skip=2, communities=3)": lambda: selection.GraphPartition(BATCH, 6, skip=2, communities=3),
    },
    "FullBatch": {"FullBatch()": selection.FullBatch},
    "AllBatches": {"AllBatches(2): all pairs": lambda: selection.AllBatches(2)},
}


def shown(words: str) -> dict[str, Callable[[], BatchSelector]]:
    """Return what is drawn for a selector of the table: {title: function that makes it}."""
    return SHOWN.get(words) or {f"{words}(6)": lambda: getattr(selection, words)(BATCH)}


def points() -> np.ndarray:
    """Return the 60 points [60, 2]: five groups of unequal size, and some points by themselves."""
    generator = np.random.default_rng(3)
    sizes, centres = (16, 13, 11, 8, 4), np.array([(-1.6, 0.9), (1.3, 1.1), (0.1, -1.2), (1.9, -0.9), (-1.7, -1.1)])
    groups = [centre + 0.42 * generator.standard_normal((size, 2)) for size, centre in zip(sizes, centres, strict=True)]
    return np.concatenate([*groups, generator.uniform((-2.4, -1.9), (2.4, 1.9), (POINTS - sum(sizes), 2))])


def embeddings() -> Tensor:
    """Return the points as embeddings [60, 3]: the plane is laid on a sphere, so that near points are alike."""
    plane = torch.from_numpy(points()).float()
    return torch.cat([plane, torch.full((POINTS, 1), 2.0)], dim=1)


def plan(selector: BatchSelector) -> list[list[int]]:
    """Return the batches that a selector chooses among the points."""
    return selector.select(embeddings(), generator=torch.Generator().manual_seed(0)).tolist()


def picture(selector: BatchSelector, title: str) -> str:
    """Return an SVG: each batch in a colour and a shape, with its outline; samples in no batch are small and grey."""
    batches, place = plan(selector), points()
    with plt.rc_context({"svg.hashsalt": "book", "font.family": "DejaVu Sans", "svg.fonttype": "path"}):
        figure, axis = plt.subplots(figsize=(4.6, 3.7))
        axis.plot(*place.T, "o", color="0.75", markersize=4)
        if len(batches) > len(COLOURS):  # all pairs: lines
            for first, second in batches:
                axis.plot(*place[[first, second]].T, color=COLOURS[0], linewidth=0.3, alpha=0.25)
            axis.plot(*place.T, "o", color=COLOURS[0], markersize=5)
        for batch, colour, marker in zip(batches, COLOURS, MARKERS, strict=False) if len(batches) <= len(COLOURS) else ():
            axis.fill(*outline(place[batch]).T, facecolor=colour, alpha=0.13, edgecolor=colour, linewidth=1)
            axis.plot(*place[batch].T, marker, color=colour, markersize=7, markeredgecolor="white", markeredgewidth=0.6)
        axis.set_title(title, fontsize=10)
        axis.set(xticks=[], yticks=[], aspect="equal", xlim=(-2.9, 3.1), ylim=(-2.4, 2.4))
        axis.spines[:].set_visible(False)
        file = io.StringIO()
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return file.getvalue()


def outline(place: np.ndarray) -> np.ndarray:
    """Return the corners [C, 2] of the smallest convex shape around some points."""
    return place[ConvexHull(place).vertices] if len(place) > 2 else place
