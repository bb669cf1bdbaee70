"""Batches by balanced local search: a better optimiser of the paper's objective than spectral clustering, and a faster one."""

from functools import partial

import numpy as np
import torch
from torch import LongTensor, Tensor

from replication.losses import batch_losses
from replication.selection.base import BatchSelector, ClippedCount, random_order, shuffled_rows
from replication.selection.kernels.grouping import group_alike, tree_partition
from replication.selection.kernels.parallel import map_chunks, single_threaded
from replication.selection.kernels.swaps import swap_by_loss, swap_by_weight
from replication.selection.weights import edge_weights
from replication.validation import check_choice, check_count, check_positive

DENSE_LIMIT = 2560  # samples whose n x n weights are searched as one matrix;
GROUP_LIMIT = 1280  # larger sets are searched in groups of this size, whose matrices fit the processor's cache


class SwapSearch(BatchSelector):
    """An even partition improved by exchanging pairs of samples until no exchange makes the batches harder.

    The default choice for hard batches: harder than spectral clustering's, and faster (notebook `04_batch_selection`
    measures both). Like every selector of hard batches it draws samples of one
    class together (`MixedBatches` and `NearestNeighbour` offer milder ones).

    Up to 2,560 samples the search is exhaustive: it ends where no swap of two samples helps. Larger sets start from a tree
    that splits the data along directions of large variance, and are searched in rounds: in each, batches that are alike
    are grouped, by another random tree each time, and every group is searched exhaustively. Memory is linear in N.

    Args:
        batch_size: samples in a batch, B >= 2.
        k: batches in a chunk; chunks are cut at random and searched one by one. None: the whole set at once, which gives
            the hardest batches. More than floor(N/B) means floor(N/B) (one logged line).
        temperature: > 0, of the loss.
        objective: what no swap lowers. "bound": the sum of the paper's edge weights inside the batches. "loss": the
            contrastive loss itself, slower and a little harder.
        refine: a selector whose partition is the start, such as `SpectralClustering`; None: a random one (or the tree).
        rounds: rounds of regrouping for sets larger than 2,560; it ends earlier when a round gains less than 0.1 %.
        workers: threads; None means all cores. The plan does not depend on it.

    Example:
        Four samples in two near pairs; near samples share a batch.

        >>> import torch
        >>> u = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9]])
        >>> plan = SwapSearch(batch_size=2, temperature=0.1).select(u, generator=torch.Generator().manual_seed(0))
        >>> sorted(sorted(batch) for batch in plan.tolist())
        [[0, 2], [1, 3]]

    Raises:
        ValueError: a parameter out of range; from `select`, a `refine` that does not partition the data.
    """

    def __init__(
        self,
        batch_size: int,
        k: int | None = None,
        temperature: float = 1.0,
        objective: str = "bound",
        refine: BatchSelector | None = None,
        rounds: int = 12,
        workers: int | None = None,
    ):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.k = ClippedCount(k)
        self.temperature = check_positive("temperature", temperature)
        self.objective = check_choice("objective", objective, ("bound", "loss"))
        if refine is not None and not isinstance(refine, BatchSelector):
            raise TypeError(f"refine={refine!r} must be a BatchSelector or None")
        self.refine = refine
        self.rounds = check_count("rounds", rounds, 1)
        self.workers = None if workers is None else check_count("workers", workers, 1)

    def _select(self, u, v, generator):
        u, v = u.float().cpu(), v.float().cpu()
        rows = self._start(u, v, generator)
        chunks = list(rows.split(self.k.within(len(rows))))
        if len(chunks[0]) * self.batch_size <= DENSE_LIMIT:
            fresh = self.refine is None
            found = map_chunks(lambda chunk: self._search(u, v, chunk, fresh), chunks, self.workers)
            return torch.cat([batches for batches, _ in found])
        with single_threaded():
            return torch.cat([self._search_large(u, v, chunk, generator) for chunk in chunks])

    def _start(self, u: Tensor, v: Tensor, generator) -> LongTensor:
        if self.refine is None:
            return shuffled_rows(len(u), self.batch_size, generator)
        rows = self.refine.select(u, v, generator)
        expected = [len(u) // self.batch_size, self.batch_size]
        if list(rows.shape) != expected or len(rows.unique()) != rows.numel():
            name = type(self.refine).__name__
            raise ValueError(f"refine={name} gave batches {list(rows.shape)}; it must partition the data into {expected}")
        return rows

    def _search(self, u: Tensor, v: Tensor, rows: LongTensor, fresh: bool) -> tuple[LongTensor, float]:
        """Search one chunk, given as batches [k, B], exhaustively; return its batches [k, B] and the weight inside them.

        The search by loss begins with one by weight, which is faster, if the start is `fresh` and so has nothing to lose:
        a swap that raises the weight can lower the loss.
        """
        k, size = rows.shape
        samples = rows.flatten()
        u, v = u[samples], v[samples]
        weights = edge_weights(u, v, size, self.temperature).numpy()
        label = np.repeat(np.arange(k), size)
        if k > 1 and (self.objective == "bound" or fresh):
            swap_by_weight(weights, label, k, max_passes=100)
        members = label.argsort(kind="stable").reshape(k, size)
        if k > 1 and self.objective == "loss":
            z = u @ v.T / self.temperature
            own = z.diagonal()[:, None]
            # Differences beyond 80 would overflow float32; such a pair already dominates its batch.
            forth, back = ((x - own).clamp_(max=80).exp_().numpy() for x in (z, z.T))
            swap_by_loss(weights, forth, back, label, members, max_passes=100, candidates=4)
        inside = weights[members[:, :, None], members[:, None, :]].sum(dtype=np.float64) / 2
        return samples[torch.from_numpy(members)], float(inside)

    def _search_large(self, u: Tensor, v: Tensor, rows: LongTensor, generator) -> LongTensor:
        """Search a set too large for one matrix, given as batches [k, B], in rounds of groups of alike batches."""
        middle = u + v  # where a pair lies: its products with another hold all four similarities between the views
        if self.refine is None:
            samples = rows.flatten()
            rows = samples[tree_partition(middle[samples], self.batch_size, generator)]
        fresh, value = self.refine is None, -np.inf
        for _ in range(self.rounds):
            groups = group_alike(middle[rows].mean(dim=1), max(2, GROUP_LIMIT // self.batch_size), generator)
            found = map_chunks(partial(self._search_group, u, v, rows, fresh), groups, self.workers)
            rows = torch.cat([batches for batches, _ in found])
            before, value, fresh = value, self._value(u, v, rows, sum(inside for _, inside in found)), False
            if value < 1.001 * before:
                break
        # The tree leaves neighbouring batches side by side; training on them in this order would dwell on one region.
        return rows[random_order(len(rows), generator)]

    def _search_group(self, u: Tensor, v: Tensor, rows: LongTensor, fresh: bool, group: LongTensor) -> tuple[LongTensor, float]:
        return self._search(u, v, rows[group], fresh)

    def _value(self, u: Tensor, v: Tensor, rows: LongTensor, inside: float) -> float:
        """Return what the search maximises: the mean batch loss, or `inside`, the weight inside the batches."""
        if self.objective == "loss":
            return float(batch_losses(u, v, rows, self.temperature, validate=False).mean())
        return inside
