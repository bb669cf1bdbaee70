"""Nearest neighbours of pairs, in blocks: what the selectors that work on a sparse graph share.

Two pairs i and j are similar to the extent that they are hard negatives of each other, in both directions:

    s(i, j) = u_i.v_j + v_i.u_j = [u_i, v_i] . [v_j, u_j]

No N x N matrix is ever held: memory is linear in the number of pairs.
"""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Generator, LongTensor, Tensor

from replication.validation import check_count

BLOCK_ELEMENTS = 2**25  # entries of the largest intermediate matrix: 128 MiB in single precision


def similarity_factors(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return `left`, `right` [N, 2d] with s(i, j) = left[i] . right[j]."""
    return torch.cat([u, v], dim=1), torch.cat([v, u], dim=1)


def nearest_neighbours(u: Tensor, v: Tensor, count: int, block_elements: int = BLOCK_ELEMENTS, skip: int = 0) -> LongTensor:
    """Return the `count` most similar other pairs of each pair, the most similar first, after the `skip` most similar ones.

    Exact. Ties are broken the same way in every run, but in no particular order.

    Args:
        u, v: unit rows [N, d].
        count: neighbours wanted, 1 <= count <= N - 1 - skip.
        block_elements: compare as many rows at once as give about this many similarities.
        skip: so many of the most similar pairs are left out, >= 0.

    Returns:
        Indices [N, count] on the CPU.

    Raises:
        ValueError: `count` out of range.
    """
    size = len(u)
    check_count("count", count, 1, size - 1 - skip, "the number of other samples" + (" after those to skip" if skip else ""))
    left, right = similarity_factors(u, v)
    found = []
    for rows in torch.arange(size, dtype=torch.int64, device=u.device).split(max(1, block_elements // size)):
        similarity = left[rows] @ right.T
        similarity[torch.arange(len(rows), dtype=torch.int64, device=u.device), rows] = -torch.inf
        found.append(similarity.topk(skip + count, dim=1).indices[:, skip:].cpu())
    return torch.cat(found)


def neighbours_among_some(
    u: Tensor, v: Tensor, candidates: int, count: int, generator: Generator | None, block: int = 32
) -> LongTensor:
    """Return for each pair its `count` most similar other pairs among `candidates` random ones, most similar first.

    Time is linear in the number of pairs. `block` consecutive pairs share their candidates, which makes the similarities one
    product of matrices; the candidates of each are random all the same. So the pairs must come in random order, or pairs
    that are alike would all be joined with the same few.

    Args:
        u, v: unit rows [N, d], in random order.
        candidates: pairs to choose from, N at most, perhaps the pair itself among them.
        count: neighbours wanted, 1 <= count < candidates.
        generator: a CPU generator, or None.
        block: pairs that share candidates, 1 or more.

    Returns:
        Indices [N, count] on the CPU.

    Raises:
        ValueError: `candidates` or `count` out of range.
    """
    size = len(u)
    check_count("candidates", candidates, 2, size, "the number of samples")
    check_count("count", count, 1, candidates - 1, "candidates - 1")
    left, right = similarity_factors(u, v)
    order = torch.randperm(size, generator=generator, dtype=torch.int64, device="cpu")
    order = torch.cat([order, order[:candidates]]).to(u.device)
    blocks = torch.arange(size, dtype=torch.int64, device=u.device).split(block)
    starts = torch.randint(size, (len(blocks),), generator=generator, dtype=torch.int64, device="cpu").tolist()
    found = []
    for rows, start in zip(blocks, starts, strict=True):
        among = order[start : start + candidates]
        similarity = left[rows] @ right[among].T
        similarity[rows[:, None] == among] = -torch.inf
        found.append(among[similarity.topk(count, dim=1).indices].cpu())
    return torch.cat(found)


def neighbour_graph(u: Tensor, v: Tensor, neighbours: int, skip: int = 0, mutual: bool = False) -> csr_array:
    """Return the symmetrised nearest-neighbour graph as a sparse 0/1 adjacency matrix [N, N], int8.

    i and j are joined if either is among the neighbours of the other, or only if each is, with `mutual`. The neighbours of a
    pair are the `neighbours` most similar ones after the `skip` most similar; fewer than `neighbours` are all taken. Nobody
    is joined where no other pair is left after those to skip.
    """
    size = len(u)
    count = min(neighbours, size - 1 - skip)
    if count < 1:
        return csr_array((size, size), dtype=np.int8)
    near = nearest_neighbours(u, v, count, skip=skip).numpy()
    pointers = np.arange(0, near.size + 1, near.shape[1])
    directed = csr_array((np.ones(near.size, dtype=np.int8), near.ravel(), pointers), shape=(size, size))
    return (directed.minimum(directed.T) if mutual else directed.maximum(directed.T)).tocsr()
