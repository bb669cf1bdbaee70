"""Spectral clustering and SwapSearch against the published procedure, timed in turn on the same chunk."""

import numpy as np
import pandas as pd
import torch
from scipy.spatial.distance import cdist

from replication.experiments.batch_selection.inputs import Embedded
from replication.losses import mini_batch_loss
from replication.machine import fastest
from replication.selection import SpectralClustering, SwapSearch, edge_weights
from replication.selection.kernels.assignment import even_assignment, hungarian_assignment
from replication.selection.kernels.kmeans import kmeans_centres
from replication.selection.kernels.parallel import map_chunks
from replication.selection.kernels.spectral_embedding import chunk_embedding


def compare_with_reference(chunk: Embedded, batch_size: int, temperature: float, repeats: int = 3) -> pd.DataFrame:
    """Time the parts of one chunk's plan (N = kB samples) for both affinities, with the same k-means settings.

    Every part runs on one thread. Returns a row for each affinity: seconds of the reference, of the exact fast path and of
    SwapSearch (all of it, and without the weights), seconds of the two assignment steps on the same embedding and centres
    and the relative difference of their costs, the ratios, and the mean batch loss (nats) of each plan.
    """
    rows = []
    for affinity in ("log", "exp"):
        settings = {"batch_size": batch_size, "affinity": affinity, "temperature": temperature, "workers": 1}
        selectors = {
            "reference": SpectralClustering(**settings, implementation="reference"),
            "exact": SpectralClustering(**settings),
            "swap": SwapSearch(batch_size, temperature=temperature, workers=1),
        }
        plans = {
            name: selector.select(chunk.u, chunk.v, torch.Generator().manual_seed(0)) for name, selector in selectors.items()
        }
        distances = _distances(chunk, selectors["exact"], len(chunk.u) // batch_size)
        work = {
            name: lambda selector=selector: selector.select(chunk.u, chunk.v, torch.Generator().manual_seed(0))
            for name, selector in selectors.items()
        }
        work |= {
            "weights": lambda: edge_weights(chunk.u, chunk.v, batch_size, temperature),
            "Hungarian": lambda distances=distances: hungarian_assignment(distances),
            "transport": lambda distances=distances: even_assignment(distances),
        }
        single = {name: lambda function=function: map_chunks(lambda _: function(), [0], 1) for name, function in work.items()}
        seconds = fastest(single, repeats)
        costs = [np.take_along_axis(distances, a(distances)[:, None], 1).sum() for a in (hungarian_assignment, even_assignment)]
        seconds |= {f"{x} without weights": max(seconds[x] - seconds["weights"], 1e-4) for x in ("exact", "swap")}
        rows.append(
            {"input": chunk.name, "affinity": affinity, "N": len(chunk.u)}
            | {f"{name} (s)": value for name, value in seconds.items()}
            | {"assignment ratio": seconds["Hungarian"] / seconds["transport"], "cost difference": costs[1] / costs[0] - 1}
            | {"exact ratio": seconds["reference"] / seconds["exact"], "swap ratio": seconds["reference"] / seconds["swap"]}
            | {"swap ratio without weights": seconds["reference"] / seconds["swap without weights"]}
            | {f"{name} loss": float(mini_batch_loss(chunk.u, chunk.v, plan, temperature)) for name, plan in plans.items()}
        )
    return pd.DataFrame(rows)


def _distances(chunk: Embedded, selector: SpectralClustering, k: int) -> np.ndarray:
    """Return the distances [N, k] of the embedded samples to the k-means centres that the assignment starts from."""
    embedding = chunk_embedding(chunk.u, chunk.v, k, selector.batch_size, selector.temperature, selector.affinity)
    return cdist(embedding, kmeans_centres(embedding, k, selector.n_init, seed=0))
