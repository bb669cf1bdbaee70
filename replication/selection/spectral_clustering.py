"""Even-sized spectral clustering, the paper's proposal (section 5.2, algorithm 1)."""

import numpy as np
import torch
from scipy.spatial.distance import cdist
from sklearn import manifold
from sklearn.cluster import KMeans
from torch import Tensor

from replication.selection.base import BatchSelector, ClippedCount, draw_seed, shuffled_rows
from replication.selection.kernels.assignment import even_assignment, hungarian_assignment
from replication.selection.kernels.kmeans import kmeans_centres
from replication.selection.kernels.parallel import map_chunks
from replication.selection.kernels.spectral_embedding import chunk_embedding
from replication.selection.weights import edge_weights
from replication.validation import check_choice, check_count, check_positive


class SpectralClustering(BatchSelector):
    """An even partition whose batches hold pairs of large edge weight: approximately the min-cut of the weight graph.

    The data are cut at random into chunks of k*B samples. In each chunk: spectral embedding of the weights into k
    dimensions (normalised Laplacian), k-means, and the assignment of exactly B samples to each centre that has the least
    total distance. The remainder is one smaller chunk, so a plan has exactly floor(N/B) batches.

    Args:
        batch_size: samples in a batch, B >= 2.
        k: batches in a chunk (the paper: 40). None, or more than floor(N/B) (one logged line), means floor(N/B): all the
            data at once. Larger chunks give harder batches and cost O((kB)^2) memory and more time.
        affinity: "log": the weights w of the paper. "exp": exp(w), what the released code clusters.
        temperature: > 0, of the loss behind the weights.
        n_init: restarts of k-means.
        implementation: "fast": Lanczos eigenvectors, in float32 where that is enough (see `chunk_embedding`), k-means with
            scikit-learn's draws, assignment as a transport problem. "reference": scikit-learn's spectral embedding and
            k-means, all in float64, and the Hungarian method on B copies of each centre, as in the released code; for
            comparison. Same embedding up to rounding, same k-means, same optimum of the assignment.
        workers: threads over chunks; None means all cores. The plan does not depend on it.

    Raises:
        ValueError: a parameter out of range.
    """

    def __init__(
        self,
        batch_size: int,
        k: int | None = None,
        affinity: str = "log",
        temperature: float = 1.0,
        n_init: int = 10,
        implementation: str = "fast",
        workers: int | None = None,
    ):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.k = ClippedCount(k)
        self.affinity = check_choice("affinity", affinity, ("log", "exp"))
        self.temperature = check_positive("temperature", temperature)
        self.n_init = check_count("n_init", n_init, 1)
        self.implementation = check_choice("implementation", implementation, ("fast", "reference"))
        self.workers = None if workers is None else check_count("workers", workers, 1)

    def _select(self, u, v, generator):
        u, v = u.cpu(), v.cpu()
        rows = shuffled_rows(len(u), self.batch_size, generator)
        chunks = [(chunk.flatten(), draw_seed(generator)) for chunk in rows.split(self.k.within(len(rows)))]
        return torch.cat(map_chunks(lambda chunk: self._partition(u, v, *chunk), chunks, self.workers))

    def _partition(self, u, v, samples, seed):
        """Partition the samples [kB] of one chunk into batches [k, B]."""
        k = len(samples) // self.batch_size
        if k == 1:
            return samples.view(1, -1)
        u, v = u[samples], v[samples]
        if self.implementation == "fast":
            embedding = chunk_embedding(u, v, k, self.batch_size, self.temperature, self.affinity)
            centres, assign = kmeans_centres(embedding, k, self.n_init, seed), even_assignment
        else:
            affinity = affinity_matrix(u, v, self.batch_size, self.temperature, self.affinity)
            embedding = manifold.spectral_embedding(
                affinity, n_components=k, eigen_solver="arpack", random_state=seed, drop_first=False
            )
            kmeans = KMeans(k, n_init=self.n_init, random_state=seed).fit(embedding)
            centres, assign = kmeans.cluster_centers_, hungarian_assignment
        order = np.argsort(assign(cdist(embedding, centres)), kind="stable")
        return samples[torch.from_numpy(order)].view(k, self.batch_size)


def affinity_matrix(u: Tensor, v: Tensor, batch_size: int, temperature: float, affinity: str) -> np.ndarray:
    """Return the affinity [N, N] of unit rows u, v [N, d]: the edge weights w ("log"), or exp(w) up to a factor ("exp").

    In float64: float32 would round small weights to zero.
    """
    weights = edge_weights(u.double(), v.double(), batch_size, temperature).numpy()
    if affinity == "log":
        return weights
    # Only ratios of affinities matter. At small temperatures exp(w) itself overflows, and its ratios underflow.
    return np.exp(np.maximum(weights - weights.max(), -600))
