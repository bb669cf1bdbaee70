"""Balanced k-means: batches are clusters of exactly B samples around a common centre."""

import numpy as np
import torch
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from replication.selection.base import BatchSelector, draw_seed, random_order, shuffled_rows
from replication.selection.kernels.assignment import assign_to_sizes
from replication.selection.kernels.parallel import single_threaded
from replication.validation import check_count


class BalancedKMeans(BatchSelector):
    """An even partition into clusters of u + v, each of exactly B samples.

    k-means with the sizes enforced, as by Malinen & Fränti (2014), "Balanced K-Means for Clustering": assign the samples
    to the centres at the least total squared distance that fills every cluster, move the centres to the means, repeat.
    Clusters of embeddings as batches: Dahiya et al. (2023), "NGAME". The sum x = u + v is clustered because x_i.x_j holds
    the similarity u_i.v_j + v_i.u_j between the views, which the distance of the concatenations [u, v] does not.

    All batches at once would need an N x N/B matrix. So the data are first split into at most `branching` clusters of
    nearly equal numbers of batches, these in turn, until `branching` batches or fewer are left; memory is linear in N.

    Args:
        batch_size: samples in a batch, B >= 2.
        branching: most clusters that one run of k-means makes, >= 2.
        iterations: most rounds of assigning and moving after the first assignment, >= 0.

    Raises:
        ValueError: a parameter out of range.
    """

    def __init__(self, batch_size: int, branching: int = 40, iterations: int = 5):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.branching = check_count("branching", branching, 2)
        self.iterations = check_count("iterations", iterations, 0)

    def _select(self, u, v, generator):
        samples = shuffled_rows(len(u), self.batch_size, generator).flatten()
        points = (u.double() + v.double()).cpu()[samples].numpy()
        # k-means adds up the centres in the order in which its threads finish: one thread, one result.
        with single_threaded():
            batches = self._split(points, np.arange(len(points)), np.random.RandomState(draw_seed(generator)))
        rows = samples[torch.from_numpy(np.stack(batches))]
        return rows[random_order(len(rows), generator)]

    def _split(self, points, members, random_state):
        """Return the batches, a list of index arrays [B], into which the samples `members` of one cluster are split."""
        batches = len(members) // self.batch_size
        if batches == 1:
            return [members]
        clusters = batches if batches <= self.branching else min(self.branching, -(-batches // self.branching))
        sizes = np.full(clusters, batches // clusters)
        sizes[: batches % clusters] += 1
        cluster = balanced_clusters(points[members], sizes * self.batch_size, self.iterations, random_state)
        parts = [self._split(points, members[cluster == c], random_state) for c in range(clusters)]
        return [batch for part in parts for batch in part]


def balanced_clusters(points: np.ndarray, sizes: np.ndarray, iterations: int, random_state) -> np.ndarray:
    """Return the cluster [N] of each of the `points` [N, d], with exactly sizes[c] points in cluster c.

    Lowers the total squared distance of the points to their cluster's mean, from the centres of ordinary k-means, until
    an assignment repeats or `iterations` are done. `random_state` is what scikit-learn takes.
    """
    centres = KMeans(len(sizes), n_init=1, random_state=random_state).fit(points).cluster_centers_
    cluster = assign_to_sizes(cdist(points, centres, "sqeuclidean"), sizes)
    for _ in range(iterations):
        centres = np.stack([points[cluster == c].mean(axis=0) for c in range(len(sizes))])
        before, cluster = cluster, assign_to_sizes(cdist(points, centres, "sqeuclidean"), sizes)
        if (cluster == before).all():
            break
    return cluster
