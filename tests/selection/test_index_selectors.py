"""What the selectors that need only the number of samples have in common: shapes, partitions, determinism, errors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.selection import AllBatches, FixedBatches, FullBatch, OrderedSGD, ShuffledBatches

PARTITIONS = (ShuffledBatches, FixedBatches)
sizes = st.tuples(st.integers(2, 40), st.integers(1, 40)).map(lambda pair: (max(pair), min(pair)))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=40, deadline=None)
@given(size=sizes, selector=st.sampled_from(PARTITIONS), seed=st.integers(0, 10**9))
def test_partitions_use_no_index_twice(size, selector, seed):
    n, batch_size = size
    plan = selector(batch_size).plan(n, generator(seed))
    assert plan.shape == (n // batch_size, batch_size)
    assert plan.dtype == torch.int64
    assert plan.unique().numel() == plan.numel()
    assert plan.min() >= 0 and plan.max() < n


@settings(max_examples=40, deadline=None)
@given(size=sizes, seed=st.integers(0, 10**9))
def test_independent_batches_hold_distinct_indices(size, seed):
    n, batch_size = size
    plan = ShuffledBatches(batch_size, replacement=True).plan(n, generator(seed))
    assert plan.shape == (n // batch_size, batch_size)
    assert all(len(set(row)) == batch_size and set(row) <= set(range(n)) for row in plan.tolist())


@pytest.mark.parametrize(
    "selector", [ShuffledBatches(3), ShuffledBatches(3, replacement=True), FixedBatches(3), FullBatch(), AllBatches(3)]
)
def test_equal_seeds_give_equal_plans_and_the_embeddings_do_not_matter(selector):
    plan = selector.plan(20, generator(5))
    assert torch.equal(plan, selector.plan(20, generator(5)))
    for u in (torch.zeros(20, 2), torch.rand(20, 1)):
        assert torch.equal(plan, selector.select(u, generator=generator(5)))
    assert not selector.uses_embeddings


def test_embeddings_are_checked_all_the_same():
    with pytest.raises(ValueError, match="NaN"):
        ShuffledBatches(3).select(torch.full((20, 1), torch.nan))
    with pytest.raises(ValueError, match=r"v has shape \[19, 2\]"):
        ShuffledBatches(3).select(torch.ones(20, 2), torch.ones(19, 2))
    with pytest.raises(TypeError, match="u is int"):
        ShuffledBatches(3).select(5)


def test_shuffled_batches_leave_out_other_samples_each_time():
    rest = [set(range(20)) - set(ShuffledBatches(6).plan(20, generator(seed)).flatten().tolist()) for seed in range(100)]
    assert all(len(left_over) == 2 for left_over in rest)
    assert set.union(*rest) == set(range(20))


def test_independent_batches_are_uniform_over_all_batches():
    """All 10 pairs of 5 samples, 4,000 draws: each comes about 400 times (six standard errors are 114)."""
    plan = torch.cat([ShuffledBatches(2, replacement=True).plan(5, g) for g in [generator(1)] for _ in range(2000)])
    pairs = plan.sort(dim=1).values
    counts = (pairs[:, 0] * 5 + pairs[:, 1]).bincount().double()
    counts = counts[counts > 0]
    assert len(counts) == 10
    assert (counts - 400).abs().max() < 114


@pytest.mark.parametrize("selector", [ShuffledBatches, FixedBatches, AllBatches])
def test_wrong_sizes_raise_one_clear_line(selector):
    for size, kind, message in [
        (0, ValueError, r"^batch_size=0 must be >= 1$"),
        (2.0, TypeError, r"^batch_size=2.0 must be an integer$"),
    ]:
        with pytest.raises(kind, match=message):
            selector(size)
    with pytest.raises(ValueError, match=r"^batch_size=4 must be <= 3, the number of samples$"):
        selector(4).plan(3)
    with pytest.raises(ValueError, match=r"^num_samples=1 must be >= 2$"):
        selector(1).plan(1)
    with pytest.raises(TypeError, match=r"^num_samples=6.0 must be an integer$"):
        selector(2).plan(6.0)


@pytest.mark.parametrize("selector", [ShuffledBatches(2), FixedBatches(2), FullBatch(), AllBatches(2), OrderedSGD(2)])
def test_a_seed_is_no_generator(selector):
    calls = [lambda: selector.select(torch.ones(6, 2), generator=3)]
    calls += [] if selector.uses_embeddings else [lambda: selector.plan(6, 3)]
    for call in calls:
        with pytest.raises(TypeError, match=r"^generator=3 must be a torch.Generator or None$"):
            call()
