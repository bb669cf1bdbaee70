"""Even-sized spectral clustering, the paper's proposal (section 5.2, algorithm 1)."""

import numpy as np
import torch
from scipy.linalg import eigh
from scipy.sparse.linalg import ArpackError, eigsh
from scipy.spatial.distance import cdist
from sklearn import manifold
from sklearn.cluster import KMeans
from torch import Tensor

from replication.selection.assignment import even_assignment, hungarian_assignment
from replication.selection.base import BatchSelector, ClippedCount, draw_seed, shuffled_rows
from replication.selection.parallel import map_chunks
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
        implementation: "fast": Lanczos eigenvectors, assignment as a transport problem. "reference": scikit-learn's
            spectral embedding and the Hungarian method on B copies of each centre, as in the released code; the same
            embedding up to rounding and the same optimum of the assignment, for comparison.
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
        u, v = u.double().cpu(), v.double().cpu()  # float32 would round small weights to zero
        rows = shuffled_rows(len(u), self.batch_size, generator)
        chunks = [(chunk.flatten(), draw_seed(generator)) for chunk in rows.split(self.k.within(len(rows)))]
        return torch.cat(map_chunks(lambda chunk: self._partition(u, v, *chunk), chunks, self.workers))

    def _partition(self, u, v, samples, seed):
        """Partition the samples [kB] of one chunk into batches [k, B]."""
        k = len(samples) // self.batch_size
        if k == 1:
            return samples.view(1, -1)
        affinity = affinity_matrix(u[samples], v[samples], self.batch_size, self.temperature, self.affinity)
        if self.implementation == "fast":
            embedding, assign = spectral_embedding(affinity, k, single=self.affinity == "log"), even_assignment
        else:
            embedding = manifold.spectral_embedding(
                affinity, n_components=k, eigen_solver="arpack", random_state=seed, drop_first=False
            )
            assign = hungarian_assignment
        centres = KMeans(k, n_init=self.n_init, random_state=seed).fit(embedding).cluster_centers_
        order = np.argsort(assign(cdist(embedding, centres)), kind="stable")
        return samples[torch.from_numpy(order)].view(k, self.batch_size)


def affinity_matrix(u: Tensor, v: Tensor, batch_size: int, temperature: float, affinity: str) -> np.ndarray:
    """Return the affinity [N, N] of unit rows u, v [N, d]: the edge weights w ("log"), or exp(w) up to a factor ("exp")."""
    weights = edge_weights(u, v, batch_size, temperature).numpy()
    if affinity == "log":
        return weights
    # Only ratios of affinities matter. At small temperatures exp(w) itself overflows, and its ratios underflow.
    return np.exp(np.maximum(weights - weights.max(), -600))


def spectral_embedding(affinity: np.ndarray, dimensions: int, single: bool = False) -> np.ndarray:
    """Return the spectral embedding [N, dimensions] of a dense symmetric affinity [N, N].

    `single` solves the eigenvalue problem in float32, which is enough where the affinities are of one order, as the weights
    w are and exp(w) are not.

    The eigenvectors of the normalised Laplacian with the smallest eigenvalues, the constant one included, divided by the
    square root of the degrees. The sign of each vector is fixed by its largest entry. The diagonal is ignored.
    """
    affinity = affinity.astype(np.float64)
    np.fill_diagonal(affinity, 0)
    scale = 1 / np.sqrt(affinity.sum(axis=1))
    affinity *= scale[:, None]
    affinity *= scale[None, :]
    vectors = _leading_eigenvectors(affinity.astype(np.float32) if single else affinity, dimensions)
    vectors = vectors[:, ::-1] * scale[:, None]
    peak = vectors[np.abs(vectors).argmax(axis=0), np.arange(dimensions)]
    return np.ascontiguousarray(vectors * np.sign(peak))


def _leading_eigenvectors(matrix: np.ndarray, count: int) -> np.ndarray:
    """Return the eigenvectors [N, count] of the largest eigenvalues of a symmetric matrix, in ascending order of these.

    Of D^-1/2 A D^-1/2 they are those of the smallest eigenvalues of the Laplacian, I minus it.
    """
    size = len(matrix)
    if size > 400 and 8 * count < size:
        # Lanczos with a wide basis needs few restarts; the start vector is fixed, so equal inputs give equal vectors.
        start = np.random.default_rng(0).standard_normal(size).astype(matrix.dtype)
        try:
            return eigsh(matrix, count, which="LA", ncv=max(4 * count, 64), v0=start)[1]
        except ArpackError:  # it can stall on many equal eigenvalues, which the dense solver does not mind
            pass
    return eigh(matrix, subset_by_index=(size - count, size - 1), check_finite=False)[1]
