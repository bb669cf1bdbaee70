import torch

from replication.selection.kernels.grouping import group_alike, tree_partition


def test_tree_recovers_separated_groups():
    generator = torch.Generator().manual_seed(0)
    centres = 100 * torch.arange(16)[:, None] * torch.nn.functional.normalize(torch.ones(1, 16))
    points = centres.repeat_interleave(8, dim=0) + torch.randn(128, 16, generator=generator)
    order = torch.randperm(128, generator=generator)
    rows = tree_partition(points[order], 8, generator)
    groups = (order // 8)[rows]
    assert rows.shape == (16, 8)
    # Groups on a line, far apart: halving in whole rows never cuts one, so all rows are pure.
    assert (groups == groups[:, :1]).all()


def test_partition_for_sizes_that_do_not_halve():
    points = torch.randn(7 * 5, 3, generator=torch.Generator().manual_seed(1))
    assert sorted(tree_partition(points, 5, None).flatten().tolist()) == list(range(35))


def test_groups_cover_everything_and_differ_between_calls():
    points = torch.randn(101, 6, generator=torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(3)
    first, second = (group_alike(points, 10, generator) for _ in range(2))
    assert sorted(torch.cat(first).tolist()) == list(range(101))
    assert sorted(map(len, first), reverse=True)[0] == 10
    assert {frozenset(group.tolist()) for group in first} != {frozenset(group.tolist()) for group in second}


def test_identical_points():
    assert tree_partition(torch.ones(12, 4), 3, None).shape == (4, 3)
