"""Random walks with restart on a directed graph, each of which collects one batch."""

import numpy as np

from replication.selection.kernels.compiled import compiled

PATIENCE = 100  # steps of a walk for each place in its batch


@compiled
def walk_batches(near: np.ndarray, size: int, restart: float, overlap: bool, rng: np.random.Generator) -> np.ndarray:
    """Return batches of distinct vertices, each what one walk came by, in the order in which it did.

    A walk starts at the first vertex that is in no batch yet. Each step goes back to the start with probability `restart`,
    else to a random neighbour. What it comes by joins the batch: vertices in no other batch, or any with `overlap`. A walk
    that does not fill its batch within `PATIENCE` * `size` steps gets the first vertices that are in no batch yet.

    Args:
        near: neighbours [N, K] of each vertex; the vertices are in random order, as the first free ones are taken first.
        size: vertices in a batch, B; N is a multiple of it.
        restart: from 0 to 1.
        overlap: whether a vertex may be in several batches.
        rng: gives the steps.

    Returns:
        Vertices [N / B, B], int64.
    """
    vertices, count = near.shape
    batches = np.empty((vertices // size, size), dtype=np.int64)
    last_batch = np.full(vertices, -1)  # the latest batch that holds a vertex, -1 for none
    free = 0  # no vertex before this one is in no batch
    for batch in range(len(batches)):
        filled, here, start = 0, -1, -1
        for _ in range(PATIENCE * size + 1):
            if start < 0:
                while last_batch[free] >= 0:
                    free += 1
                here = start = free
            elif rng.random() < restart:
                here = start
            else:
                here = near[here, rng.integers(0, count)]
            if last_batch[here] < 0 or (overlap and last_batch[here] < batch):
                last_batch[here] = batch
                batches[batch, filled] = here
                filled += 1
                if filled == size:
                    break
        while filled < size:
            if last_batch[free] < 0:
                last_batch[free] = batch
                batches[batch, filled] = free
                filled += 1
            free += 1
    return batches
