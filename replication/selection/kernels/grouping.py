"""Trees that split points into equal groups of neighbours: time O(N d log N), memory O(N d)."""

import torch
from torch import Generator, LongTensor, Tensor


def tree_partition(points: Tensor, size: int, generator: Generator | None) -> LongTensor:
    """Return points [N, d] grouped into N / size rows of `size` indices, neighbours in space together.

    The set is halved (in whole rows) along a direction of large variance until one row is left. N must be a multiple of
    `size`. The order of the rows is that of the tree: consecutive rows are neighbours too.
    """
    return torch.stack(_split(points, _all(points), len(points) // size, size, generator))


def group_alike(points: Tensor, size: int, generator: Generator | None) -> list[LongTensor]:
    """Return points [N, d] in the fewest groups of at most `size` neighbours, of nearly equal size, as lists of indices.

    Another random tree each time: two points that one tree separates have a chance to meet in the next.
    """
    return _split(points, _all(points), -(-len(points) // size), 1, generator)


def _all(points: Tensor) -> LongTensor:
    return torch.arange(len(points), dtype=torch.int64, device=points.device)


def _split(points: Tensor, index: LongTensor, parts: int, unit: int, generator: Generator | None) -> list[LongTensor]:
    """Split the points of `index` into `parts` parts whose sizes are multiples of `unit`."""
    if parts == 1:
        return [index]
    mine = points[index]
    mine = mine - mine.mean(dim=0)
    # Two power iterations from a random combination of the points: a direction of large variance, not always the same.
    direction = mine.T @ torch.randn(len(mine), generator=generator, dtype=torch.float32, device="cpu").to(mine)
    for _ in range(2):
        direction = mine.T @ (mine @ (direction / direction.norm().clamp_min(1e-12)))
    order = index[(mine @ direction).argsort(stable=True)]
    first = parts // 2
    cut = len(index) // unit * first // parts * unit
    return _split(points, order[:cut], first, unit, generator) + _split(points, order[cut:], parts - first, unit, generator)
