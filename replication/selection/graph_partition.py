"""Graph partitioning with METIS: the paper's min-cut problem on a sparse graph, at any size of the data."""

import numpy as np
import torch
from scipy.sparse import csr_array, triu

from replication.selection.base import BatchSelector, draw_seed, random_order, shuffled_rows
from replication.selection.kernels.neighbours import neighbour_graph, similarity_factors
from replication.selection.weights import pair_weights
from replication.validation import check_count, check_flag, check_positive

LARGEST_WEIGHT = 1000  # of an edge; METIS takes whole numbers


class GraphPartition(BatchSelector):
    """An even partition that cuts little weight of the nearest-neighbour graph.

    METIS on a graph of nearest neighbours is how Thirukovalluru et al. (2025), "Breaking the Batch Barrier (B3) of
    Contrastive Learning via Smart Batch Mining", form batches. By default the edges carry the paper's weights w (section
    5.2), so the objective is that of `SpectralClustering` without the pairs that are far apart, and all the data are cut at
    once.

    `skip=30, communities=4` is B3 itself, which guards against false negatives. The nearest 30 neighbours are left out. Of
    the next 100 only mutual ones are joined, by edges of equal weight. The parts of this graph, B3's communities, are
    smaller than a batch, and random ones share a batch. Three things differ. B3 ranks by a trained teacher, here the
    embeddings at hand rank. It cuts with the k-way method. And it fills its last part with positions in place of samples
    where sizes do not come out even; here `repair_sizes` does. The rules are those of the released code, raghavlite/B3; the
    paper itself could not be read.

    Recursive bisection, not METIS's direct k-way method: with parts as small as a batch and sizes held exactly, the latter
    has no room to improve its first cut, and gives clearly lower losses. Bisection leaves a part a few samples too large
    or too small; `repair_sizes` then moves them.

    Args:
        batch_size: samples in a batch, B >= 2.
        neighbours: nearest neighbours that each sample is joined with, >= 1; more than there are means all. None means 16,
            or B3's 100 where some are skipped.
        temperature: > 0, of the loss behind the weights.
        skip: so many of each sample's nearest neighbours are left out, >= 0; those of ranks skip + 1 to skip + `neighbours`
            are joined. With few of them the left out often meet all the same, through neighbours that they have in common.
        communities: parts that make up a batch, from 1 to B / 2. Their sizes differ by 1 at most.
        mutual: True: two samples are joined if each is among the neighbours of the other. False: if either is. None means
            True where some are skipped, else False.
        weighted: True: edges carry w. False: all weigh the same. None means False where some are skipped, else True.

    Raises:
        ImportError: pymetis, an optional dependency, is not installed.
        TypeError, ValueError: a parameter of the wrong kind or out of range; from `select`, skip > N - B.
    """

    def __init__(
        self,
        batch_size: int,
        neighbours: int | None = None,
        temperature: float = 1.0,
        skip: int = 0,
        communities: int = 1,
        mutual: bool | None = None,
        weighted: bool | None = None,
    ):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.neighbours = None if neighbours is None else check_count("neighbours", neighbours, 1)
        self.temperature = check_positive("temperature", temperature)
        self.skip = check_count("skip", skip, 0)
        self.communities = check_count("communities", communities, 1, self.batch_size // 2, "half of batch_size")
        self.mutual = None if mutual is None else check_flag("mutual", mutual)
        self.weighted = None if weighted is None else check_flag("weighted", weighted)
        _import_pymetis()

    def _select(self, u, v, generator):
        check_count("skip", self.skip, 0, len(u) - self.batch_size, "N - batch_size")
        samples = shuffled_rows(len(u), self.batch_size, generator).flatten()
        batches = len(samples) // self.batch_size
        if batches == 1:
            return samples.view(1, -1)
        parts = batches * self.communities
        u, v = u[samples], v[samples]
        part = metis_parts(self._weighted_graph(u, v), parts, draw_seed(generator))
        left, right = (factor.double().cpu().numpy() for factor in similarity_factors(u, v))
        part = repair_sizes(part, parts, left, right)
        members = samples[torch.from_numpy(np.argsort(part, kind="stable"))].split(np.bincount(part).tolist())
        # METIS numbers neighbouring parts consecutively: training on them in this order would dwell on one region.
        order = random_order(parts, generator).tolist()
        order.sort(key=lambda community: -len(members[community]))  # stable; every batch takes equally many of the larger ones
        return torch.stack([torch.cat([members[c] for c in order[batch::batches]]) for batch in range(batches)])

    def _weighted_graph(self, u, v):
        """Return the symmetric neighbour graph with whole edge weights from 1 to LARGEST_WEIGHT."""
        skips = self.skip > 0
        mutual = skips if self.mutual is None else self.mutual
        weighted = not skips if self.weighted is None else self.weighted
        graph = neighbour_graph(u, v, self.neighbours or (100 if skips else 16), self.skip, mutual)
        if not weighted or graph.nnz == 0:
            return graph.astype(np.int32)
        graph = triu(graph, format="coo")
        first, second = (torch.from_numpy(ends.astype(np.int64)) for ends in graph.coords)
        weights = pair_weights(u, v, first, second, self.batch_size, self.temperature).double().cpu().numpy()
        # METIS adds up all weights in 32 bits.
        largest = min(LARGEST_WEIGHT, (2**31 - 1) // (2 * len(weights)))
        whole = np.rint(weights * (largest / max(weights.max(), 1e-300))).clip(1).astype(np.int32)
        half = csr_array((whole, graph.coords), shape=graph.shape)
        return (half + half.T).tocsr()


def metis_parts(graph: csr_array, parts: int, seed: int) -> np.ndarray:
    """Return the part [N] of each vertex of a weighted graph, found by METIS's recursive bisection; sizes nearly equal."""
    pymetis = _import_pymetis()
    adjacency = pymetis.CSRAdjacency(graph.indptr, graph.indices)
    options = pymetis.Options(ufactor=1, seed=seed)  # ufactor=1: a thousandth of imbalance, METIS's tightest
    found = pymetis.part_graph(parts, adjacency, eweights=graph.data, recursive=True, options=options)
    return np.asarray(found.vertex_part)


def repair_sizes(part: np.ndarray, parts: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return a partition into parts of equal size, or as equal as can be, by moves from parts too large to parts too small.

    Of P parts the N mod P largest keep, or get, one sample more than the others.

    Each move is the one out of the part at hand that loses the least similarity s(i, j) = left[i] . right[j] inside parts.
    Similarity, not edge weight: it is known between any two samples, while few samples have an edge to a part too small,
    and the sums over a part are products with the sum of its rows.

    Args:
        part: part [N] of each sample, 0 ... parts - 1.
        parts: number of parts.
        left, right: [N, 2d] from `similarity_factors`.
    """
    part = part.copy()
    counts = np.bincount(part, minlength=parts)
    sizes = np.full(parts, len(part) // parts)
    sizes[np.argsort(-counts, kind="stable")[: len(part) % parts]] += 1
    sums = csr_array((np.ones(len(part)), (part, np.arange(len(part)))), shape=(parts, len(part))) @ right
    members_of = np.split(np.argsort(part, kind="stable"), np.cumsum(counts)[:-1])
    for source in np.flatnonzero(counts > sizes):
        members = members_of[source]
        while counts[source] > sizes[source]:
            small = np.flatnonzero(counts < sizes)
            inside = left[members] @ sums[source] - (left[members] * right[members]).sum(axis=1)
            loss = inside[:, None] - left[members] @ sums[small].T
            row, column = np.unravel_index(loss.argmin(), loss.shape)
            moved, target = members[row], small[column]
            part[moved] = target
            sums[source] -= right[moved]
            sums[target] += right[moved]
            counts[source] -= 1
            counts[target] += 1
            members = np.delete(members, row)
    return part


def _import_pymetis():
    try:
        import pymetis
    except ImportError as error:
        raise ImportError('GraphPartition needs pymetis: pip install "mini-batch-contrastive-replication[metis]"') from error
    return pymetis
