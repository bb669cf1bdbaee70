"""RandomWalk: how near the samples of a batch are, and what each parameter does to that; overlap; errors."""

import pytest
import torch

from replication.losses import mini_batch_loss
from replication.selection import NearestNeighbour, RandomWalk, ShuffledBatches
from replication.selection.kernels.neighbours import nearest_neighbours


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def clustered(groups=24, size=20, seed=0):
    g = generator(seed)
    label = torch.arange(groups).repeat(size)[torch.randperm(groups * size, generator=g)]
    sample = torch.randn(groups, 16, generator=g)[label] + 0.6 * torch.randn(len(label), 16, generator=g)
    return [torch.nn.functional.normalize(sample + 0.2 * torch.randn(sample.shape, generator=g), dim=1) for _ in range(2)]


def loss(selector, u, v):
    return float(mini_batch_loss(u, v, torch.cat([selector.select(u, v, generator(seed)) for seed in range(3)]), 0.1))


def test_batches_lie_between_shuffled_ones_and_those_of_nearest_neighbours():
    u, v = clustered()
    assert loss(ShuffledBatches(8), u, v) + 0.1 < loss(RandomWalk(8, neighbours=16), u, v) < loss(NearestNeighbour(8), u, v)


def test_fewer_candidates_make_milder_batches_and_fewer_neighbours_harder_ones():
    u, v = clustered()
    by_candidates = [loss(RandomWalk(8, candidates=count, neighbours=10), u, v) for count in (20, 100, 1000)]
    by_neighbours = [loss(RandomWalk(8, neighbours=count), u, v) for count in (100, 30, 10)]
    assert by_candidates == sorted(by_candidates) and by_candidates[0] + 0.2 < by_candidates[2]
    assert by_neighbours == sorted(by_neighbours) and by_neighbours[0] + 0.2 < by_neighbours[2]


@pytest.mark.parametrize(("restart", "low", "high"), [(0.0, 0.0, 0.6), (0.9, 0.8, 1.0)])
def test_a_larger_restart_stays_nearer_to_the_start(restart, low, high):
    """The share of a batch that are direct neighbours of its start, over walks that may take any sample."""
    u, v = (torch.randn(600, 4, generator=generator(seed)) for seed in (0, 1))
    unit = [torch.nn.functional.normalize(x, dim=1) for x in (u, v)]
    near = nearest_neighbours(*unit, 12)
    plan = RandomWalk(8, restart, neighbours=12, overlap=True).select(u, v, generator())
    direct = (plan[:, 1:, None] == near[plan[:, 0]][:, None, :]).any(dim=2).double().mean()
    assert low <= direct <= high


def test_with_overlap_starts_differ_and_some_samples_come_again():
    u, v = clustered()
    plan = RandomWalk(8, neighbours=10, overlap=True).select(u, v, generator())
    assert plan.shape == (60, 8) and plan.dtype == torch.int64
    assert all(len(set(row)) == 8 for row in plan.tolist())
    assert len(plan[:, 0].unique()) == 60
    assert 240 < len(plan.unique()) < 440


def test_the_batches_that_come_last_are_not_the_last_rows():
    """Without overlap the walks of the last batches find little: their place in the plan is random."""
    u, v = clustered()
    easiest = []
    for seed in range(20):
        plan = RandomWalk(8, neighbours=8).select(u, v, generator(seed))
        batch = u[plan]
        easiest.append(int((batch @ batch.transpose(1, 2)).mean(dim=(1, 2)).argmin()))
    assert min(easiest) < 20 and max(easiest) >= 40


@pytest.mark.parametrize(("n", "candidates", "neighbours"), [(4, 1000, 100), (9, 3, 2), (5, 2, 1), (200, 2, 1)])
def test_small_data_and_few_candidates_give_partitions(n, candidates, neighbours):
    u = torch.randn(n, 3, generator=generator())
    plan = RandomWalk(2, candidates=candidates, neighbours=neighbours).select(u, generator=generator())
    assert plan.shape == (n // 2, 2) and len(plan.unique()) == plan.numel()


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"batch_size": 1}, ValueError, r"^batch_size=1 must be >= 2$"),
        ({"restart": 1.0}, ValueError, r"^restart=1.0 must be a number >= 0 and < 1$"),
        ({"restart": -0.1}, ValueError, r"^restart=-0.1 must be a number >= 0 and < 1$"),
        ({"candidates": 1}, ValueError, r"^candidates=1 must be >= 2$"),
        ({"candidates": 1e3}, TypeError, r"^candidates=1000.0 must be an integer$"),
        ({"candidates": 50}, ValueError, r"^neighbours=100 must be >= 1 and <= 49 \(candidates - 1\)$"),
        ({"neighbours": 0}, ValueError, r"^neighbours=0 must be >= 1 and <= 999 \(candidates - 1\)$"),
        ({"overlap": 1}, TypeError, r"^overlap=1 must be true or false$"),
    ],
)
def test_wrong_parameters(arguments, kind, message):
    with pytest.raises(kind, match=message):
        RandomWalk(**{"batch_size": 2} | arguments)
