"""NearestNeighbour: who may share a batch under `skip` and `window`, checked with full sorts; the fall-back; errors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.selection.base import shuffled_rows
from replication.selection.nearest_neighbour import NearestNeighbour


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def embeddings(n, d=3, seed=0):
    g = generator(seed)
    return [torch.nn.functional.normalize(torch.randn(n, d, generator=g, dtype=torch.float64), dim=1) for _ in range(2)]


def slow_batches(u, v, batch_size, skip, g):
    """Fill one batch after the other by a full sort, as long as B - 1 unassigned samples lie beyond the skipped ones."""
    similarity = u @ v.T + v @ u.T
    queue = shuffled_rows(len(u), batch_size, g).flatten().tolist()
    free, batches = set(queue), []
    for first in queue:
        if first not in free:
            continue
        others = sorted(set(range(len(u))) - {first}, key=lambda j: -similarity[first, j])
        near = [j for j in others[skip:] if j in free][: batch_size - 1]
        if len(near) < batch_size - 1:
            break
        batches.append([first, *near])
        free -= set(batches[-1])
    return batches


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 60), batch_size=st.integers(2, 8), skip=st.integers(0, 20), seed=st.integers(0, 10**6))
def test_batches_are_the_nearest_unassigned_samples_beyond_the_skipped(n, batch_size, skip, seed):
    batch_size = min(batch_size, n)
    skip = min(skip, n - batch_size)
    u, v = embeddings(n, seed=seed)
    plan = NearestNeighbour(batch_size, skip).select(u, v, generator(seed)).tolist()
    slow = slow_batches(u, v, batch_size, skip, generator(seed))
    assert all(batch in plan for batch in slow)
    assert len(slow) == len(plan) or skip > 0


@settings(max_examples=40, deadline=None)
@given(skip=st.integers(0, 25), wider=st.integers(0, 12), seed=st.integers(0, 10**6))
def test_the_first_batch_is_drawn_from_the_window(skip, wider, seed):
    """No sample is left over or assigned yet: the ranks are skip ... skip + window - 1."""
    batch_size, n = 5, 45
    u, v = embeddings(n, seed=seed)
    rank = (u @ v.T + v @ u.T).fill_diagonal_(-torch.inf).argsort(dim=1, descending=True).argsort(dim=1)
    window = batch_size - 1 + wider
    plan = NearestNeighbour(batch_size, skip, window).select(u, v, generator(seed))
    start = shuffled_rows(n, batch_size, generator(seed))[0, 0]
    ranks = rank[start, plan[plan[:, 0] == start][0, 1:]]
    assert ranks.min() >= skip and ranks.max() < skip + window


def test_a_wide_window_is_sampled_evenly():
    """The first sample's 4 partners come from 12 ranks, so each rank comes in a third of the plans: 100 +- 8 of 300."""
    u, v = embeddings(40)
    rank = (u @ v.T + v @ u.T).fill_diagonal_(-torch.inf).argsort(dim=1, descending=True).argsort(dim=1)
    counts = torch.zeros(40)
    for seed in range(300):
        plan = NearestNeighbour(5, skip=3, window=12).select(u, v, generator(seed))
        start = torch.randperm(40, generator=generator(seed))[0]
        counts[rank[start, plan[plan[:, 0] == start][0, 1:]]] += 1
    assert counts[:3].sum() == counts[15:].sum() == 0
    assert ((counts[3:15] > 60) & (counts[3:15] < 140)).all()


def test_near_duplicates_are_kept_apart_by_skip_until_nothing_else_is_left():
    """40 pairs of near-duplicates: skip=1 bars each twin from its sample's batch."""
    centre = torch.randn(40, 8, generator=generator(), dtype=torch.float64)
    u = torch.cat([centre, centre]) + 0.001 * torch.randn(80, 8, generator=generator(1), dtype=torch.float64)
    twins = {}
    for skip in (0, 1):
        plan = NearestNeighbour(4, skip).select(u, generator=generator(2))
        twins[skip] = (plan[:, 1:] % 40 == plan[:, :1] % 40).any(dim=1).double().mean()
    assert twins[0] > 0.6
    assert twins[1] <= 0.1


def test_where_too_few_others_are_left_random_skipped_samples_fill_the_batch():
    """12 samples, 8 skipped: the first batch takes its three farthest, the second what it may and random ones."""
    u, v = embeddings(12)
    order = (u @ v.T + v @ u.T).fill_diagonal_(torch.inf).argsort(dim=1, descending=True)  # itself, then the nearest first
    nearest_fill = lowest_fill = filled = 0
    for seed in range(100):
        plan = {row[0]: row[1:] for row in NearestNeighbour(4, skip=8).select(u, v, generator(seed)).tolist()}
        first, *queue = shuffled_rows(12, 4, generator(seed)).flatten().tolist()
        assert sorted(plan[first]) == sorted(order[first, 9:].tolist())
        free = set(queue) - set(plan[first])
        second = next(i for i in queue if i in free)
        others = [j for j in order[second].tolist() if j in free - {second}]
        allowed = set(order[second, 9:].tolist()) & set(others)
        assert allowed <= set(plan[second]) <= set(others)
        skipped = [j for j in others if j not in allowed]
        wanted = 3 - len(allowed)
        filled += wanted > 0
        drawn = set(plan[second]) - allowed
        nearest_fill += wanted > 0 and drawn == set(skipped[:wanted])
        lowest_fill += wanted > 0 and drawn == set(sorted(skipped)[:wanted])
    assert filled > 50
    assert nearest_fill < 0.3 * filled
    assert lowest_fill < 0.3 * filled


def test_the_rows_are_in_random_order():
    """The batch that was filled first, and is the hardest therefore, is not the first row more often than another."""
    u, v = embeddings(40)
    starts = [shuffled_rows(40, 4, generator(seed))[0, 0] for seed in range(60)]
    plans = [NearestNeighbour(4).select(u, v, generator(seed)) for seed in range(60)]
    rows = [int((plan[:, 0] == start).nonzero()) for plan, start in zip(plans, starts, strict=True)]
    assert len(set(rows)) == 10


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"skip": -1}, ValueError, r"^skip=-1 must be >= 0$"),
        ({"skip": 0.5}, TypeError, r"^skip=0.5 must be an integer$"),
        ({"window": 2}, ValueError, r"^window=2 must be >= 3$"),
        ({"window": 9.0}, TypeError, r"^window=9.0 must be an integer$"),
    ],
)
def test_wrong_parameters(arguments, kind, message):
    with pytest.raises(kind, match=message):
        NearestNeighbour(4, **arguments)


def test_a_skip_that_no_batch_could_satisfy_is_an_error():
    with pytest.raises(ValueError, match=r"^skip=7 must be >= 0 and <= 6 \(N - batch_size\)$"):
        NearestNeighbour(4, skip=7).select(*embeddings(10))
