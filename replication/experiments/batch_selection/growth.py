"""What planning the whole set at once costs and gains as the set grows, and the other ways to plan it."""

import importlib.util
from collections.abc import Callable

import matplotlib.pyplot as plt
import pandas as pd
import torch

from replication.experiments.batch_selection.inputs import Embedded
from replication.losses import mini_batch_loss
from replication.machine import with_peak_memory
from replication.reporting.plotting import METHOD_COLOURS
from replication.selection import BatchSelector, GraphPartition, SpectralClustering, SwapSearch

STYLES = {  # colour, marker, line style
    "whole set": (METHOD_COLOURS["fixed"], "D", "-"),
    "chunks of 5,120": (METHOD_COLOURS["fixed"], "D", "--"),
    "chunks of 1,280": (METHOD_COLOURS["fixed"], "D", ":"),
    "SC, chunks of 1,280": (METHOD_COLOURS["SC"], "s", ":"),
    "METIS": (METHOD_COLOURS["full batch"], "p", "-"),
}


def growth(
    whole: Callable[[int], Embedded], sizes: list[int], batch_size: int, temperature: float, largest_graph: int = 50_000
) -> pd.DataFrame:
    """Time the ways to plan sets of growing size, up to the whole at once.

    Args:
        whole: gives the embeddings of a set of so many samples.
        sizes: the numbers of samples.
        batch_size, temperature: of all plans.
        largest_graph: METIS on the neighbour graph, which takes time quadratic in the size, is left out beyond this.

    Returns:
        A row for each size, with "(s)", seconds, and "loss", the mean batch loss (nats), of each plan: SwapSearch on the
        "whole set" and on chunks of it, spectral clustering ("SC") and METIS. And the peak memory of the process (MiB) while
        SwapSearch and METIS planned the whole set.
    """
    rows = []
    for size in sizes:
        data = whole(size)
        row = {"input": data.name, "N": size}
        for name, selector in _selectors(size <= largest_graph, batch_size, temperature).items():
            plan, seconds, memory = with_peak_memory(
                lambda selector=selector, data=data: selector.select(data.u, data.v, torch.Generator().manual_seed(0))
            )
            row |= {f"{name} (s)": seconds, f"{name} loss": float(mini_batch_loss(data.u, data.v, plan, temperature))}
            if name == "whole set":
                row["peak memory (MiB)"] = memory
            if name == "METIS":
                row["METIS peak memory (MiB)"] = memory
        rows.append(row)
    return pd.DataFrame(rows)


def _selectors(graph: bool, batch_size: int, temperature: float) -> dict[str, BatchSelector]:
    selectors = {
        "whole set": SwapSearch(batch_size, temperature=temperature),
        "chunks of 1,280": SwapSearch(batch_size, 1280 // batch_size, temperature),
        "chunks of 5,120": SwapSearch(batch_size, 5120 // batch_size, temperature),
        "SC, chunks of 1,280": SpectralClustering(batch_size, 1280 // batch_size, temperature=temperature),
    }
    if graph and importlib.util.find_spec("pymetis"):
        selectors["METIS"] = GraphPartition(batch_size, temperature=temperature)
    return selectors


def growth_figure(table: pd.DataFrame) -> plt.Figure:
    """Draw seconds and mean in-batch loss (nats) against the number of samples, for each column of `growth`."""
    figure, axes = plt.subplots(1, 2, figsize=(12, 4.6))
    for axis, suffix, label in zip(axes, ("(s)", "loss"), ("seconds for a plan", "mean in-batch loss (nats)"), strict=True):
        for name, (colour, marker, line) in STYLES.items():
            column = f"{name} {suffix}"
            if column in table:
                legend = name if name[0].isupper() else f"SwapSearch, {name}"
                axis.plot(table.N, table[column], color=colour, marker=marker, linestyle=line, label=legend)
        axis.set(xscale="log", xlabel="samples N", ylabel=label, xticks=table.N)
        axis.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
        axis.xaxis.set_minor_formatter("")
    axes[0].set(yscale="log")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(f"{table.input.iloc[0]} embeddings, one plan each")
    return figure
