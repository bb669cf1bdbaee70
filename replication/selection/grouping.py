"""Trees that split points into equal groups of neighbours: time O(N d log N), memory O(N d)."""

import torch
from torch import Generator, LongTensor, Tensor


def tree_partition(points: Tensor, size: int, generator: Generator | None) -> LongTensor:
    """Return points [N, d] grouped into N / size rows of `size` indices, neighbours in space together.

    The set is halved (in whole rows) along a direction of large variance until one row is left. N must be a multiple of
    `size`. The order of the rows is that of the tree: consecutive rows are neighbours too.
    """
    return torch.stack(_split(points, torch.arange(len(points)), size, generator))


def group_alike(points: Tensor, size: int, generator: Generator | None) -> list[LongTensor]:
    """Return points [N, d] in groups of `size` neighbours, as lists of indices; one group may be smaller.

    Another random tree each time: two points that one tree separates have a chance to meet in the next.
    """
    return _split(points, torch.arange(len(points)), size, generator)


def _split(points: Tensor, index: LongTensor, size: int, generator: Generator | None) -> list[LongTensor]:
    if len(index) <= size:
        return [index]
    mine = points[index]
    mine = mine - mine.mean(dim=0)
    # Two power iterations from a random combination of the points: a direction of large variance, not always the same.
    direction = mine.T @ torch.randn(len(mine), generator=generator)
    for _ in range(2):
        direction = mine.T @ (mine @ (direction / direction.norm().clamp_min(1e-12)))
    order = index[(mine @ direction).argsort(stable=True)]
    half = -(-len(index) // size) // 2 * size
    return _split(points, order[:half], size, generator) + _split(points, order[half:], size, generator)
