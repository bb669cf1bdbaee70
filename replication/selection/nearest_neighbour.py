"""Greedy nearest-neighbour batches, with a margin that leaves out the very nearest."""

import torch

from replication.selection.base import BatchSelector, random_order, shuffled_rows
from replication.selection.kernels.neighbours import BLOCK_ELEMENTS, similarity_factors
from replication.validation import check_count


class NearestNeighbour(BatchSelector):
    """A random sample and unassigned samples near to it, batch after batch, until the data are used up.

    Near means a large u_i.v_j + v_i.u_j with the batch's first sample. The last batches get what the others left, so they
    are easier; the rows are returned in random order. Yang et al. (2023), "BatchSampler", compare with such a kNN sampler:
    its batches hold many false negatives (samples alike that should stay alike) and can train worse than random ones.
    `skip` and `window` are the two usual guards against that.

    Args:
        batch_size: samples in a batch, B >= 2.
        skip: so many of the first sample's nearest neighbours, counted in all the data, are kept out of its batch.
        window: after those, the nearest `window` unassigned samples are the candidates, of which B - 1 are drawn at
            random, so window >= B - 1. None means B - 1: just the nearest.

    Where fewer than B - 1 unassigned samples remain beyond the skipped ones, random skipped ones fill the batch.

    Raises:
        ValueError: a parameter out of range; from `select`, skip > N - B, which no batch could satisfy.
    """

    def __init__(self, batch_size: int, skip: int = 0, window: int | None = None):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.skip = check_count("skip", skip, 0)
        self.window = batch_size - 1 if window is None else check_count("window", window, batch_size - 1)

    def _select(self, u, v, generator):
        size = len(u)
        check_count("skip", self.skip, 0, size - self.batch_size, "N - batch_size")
        samples = shuffled_rows(size, self.batch_size, generator).flatten()
        left, right = similarity_factors(u, v)
        free = torch.zeros(size, dtype=torch.bool, device=u.device)
        free[samples] = True
        rows = []
        while len(queue := samples[free[samples].cpu()]):
            # Similarities are computed for many first samples at once. Those that an earlier batch of the block takes are
            # computed in vain, so the block shrinks with the number of batches that are left.
            block = queue[: max(1, min(BLOCK_ELEMENTS // size, len(queue) // (4 * self.batch_size)))]
            for first, similarity in zip(block.tolist(), left[block] @ right.T, strict=True):
                if free[first]:
                    rows.append(self._fill(first, similarity, free, generator))
                    free[rows[-1]] = False
        return torch.stack(rows)[random_order(len(rows), generator)]

    def _fill(self, first, similarity, free, generator):
        """Return the batch [B] of the sample `first`, given its similarity [N] to all (overwritten) and who is `free` [N]."""
        wanted = self.batch_size - 1
        similarity[first] = -torch.inf
        similarity[similarity.topk(self.skip).indices] = -torch.inf
        similarity[~free] = -torch.inf
        values, near = similarity.topk(min(self.window, len(similarity)))
        near = near[values > -torch.inf].cpu()
        if len(near) > wanted:
            near = near[random_order(len(near), generator)[:wanted]]
        batch = torch.cat([torch.tensor([first], dtype=torch.int64, device="cpu"), near])
        if len(near) < wanted:
            others = free.cpu()
            others[batch] = False
            skipped = others.nonzero().flatten()
            batch = torch.cat([batch, skipped[random_order(len(skipped), generator)[: wanted - len(near)]]])
        return batch
