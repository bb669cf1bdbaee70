"""Assignment of samples to clusters of given sizes at the least total cost, exactly.

With whole sizes that add up to N this is a transport problem, whose solution moves every sample to one cluster. POT's network
simplex needs an N x k matrix, against N x N for the Hungarian method on replicated clusters, and finds the same optimum.
"""

import numpy as np
import ot
from scipy.optimize import linear_sum_assignment


def assign_to_sizes(costs: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the cluster [N] of each sample that minimises the total of `costs` [N, k], with exactly sizes[c] in cluster c.

    Raises:
        ValueError: `sizes` [k] are not whole numbers >= 1 that add up to N, or a cost is NaN or infinite.
    """
    sizes = np.asarray(sizes)
    if (
        sizes.shape != costs.shape[1:]
        or not np.issubdtype(sizes.dtype, np.integer)
        or (sizes < 1).any()
        or sizes.sum() != len(costs)
    ):
        raise ValueError(f"sizes={sizes.tolist()} must be {costs.shape[1]} whole numbers >= 1 that add up to N={len(costs)}")
    if not np.isfinite(costs).all():
        raise ValueError("costs must be finite numbers")
    flow = ot.emd(np.ones(len(costs)), sizes.astype(np.float64), costs, numItermax=10_000_000)
    return flow.argmax(axis=1)


def even_assignment(distances: np.ndarray) -> np.ndarray:
    """Return the cluster [N] of each sample that minimises the total of `distances` [N, k], with exactly N/k in a cluster.

    Raises:
        ValueError: N is not a multiple of k.
    """
    return assign_to_sizes(distances, np.full(distances.shape[1], _even_size(distances)))


def hungarian_assignment(distances: np.ndarray) -> np.ndarray:
    """Return an assignment of the same total as `even_assignment`, by the Hungarian method on N/k copies of each cluster.

    Raises:
        ValueError: N is not a multiple of k.
    """
    copies = _even_size(distances)
    return linear_sum_assignment(np.repeat(distances, copies, axis=1))[1] // copies


def _even_size(distances: np.ndarray) -> int:
    samples, clusters = distances.shape
    if samples % clusters:
        raise ValueError(f"distances has shape {list(distances.shape)}; the number of samples must be a multiple of clusters")
    return samples // clusters
