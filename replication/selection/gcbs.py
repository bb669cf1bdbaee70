"""Global Contrastive Batch Sampling: put similar samples next to each other, and cut the order into batches."""

import torch
from scipy.sparse.csgraph import reverse_cuthill_mckee

from replication.selection.base import BatchSelector, random_order, shuffled_rows
from replication.selection.kernels.neighbours import neighbour_graph
from replication.validation import check_count


class GCBS(BatchSelector):
    """Consecutive runs of B samples, in an order that gives a sparse similarity matrix a small bandwidth.

    After Sachidananda et al. (2023), "Global Selection of Contrastive Batches via Optimization on Sample Permutations":
    the similarity matrix is made sparse, and the reverse Cuthill-McKee order of its graph, a breadth-first search, brings
    the entries that are left close to the diagonal. They keep all similarities above a quantile; here each sample keeps
    its nearest neighbours, so that memory is linear in N and no sample is left without an edge. Almost all the time goes
    into finding the neighbours.

    A level of the search over high-dimensional data is far wider than a batch, so many samples of a batch are not
    neighbours: expect losses between those of random batches and those of `BalancedKMeans` or `GraphPartition`.

    Args:
        batch_size: samples in a batch, B >= 2.
        neighbours: nearest neighbours that each sample keeps, >= 1; more than there are means all.

    Raises:
        ValueError: a parameter out of range.
    """

    def __init__(self, batch_size: int, neighbours: int = 16):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.neighbours = check_count("neighbours", neighbours, 1)

    def _select(self, u, v, generator):
        samples = shuffled_rows(len(u), self.batch_size, generator).flatten()
        graph = neighbour_graph(u[samples], v[samples], self.neighbours)
        order = reverse_cuthill_mckee(graph, symmetric_mode=True).astype("int64")
        rows = samples[torch.from_numpy(order)].view(-1, self.batch_size)
        # Neighbouring rows are alike: training on them in this order would dwell on one region of the data.
        return rows[random_order(len(rows), generator)]
