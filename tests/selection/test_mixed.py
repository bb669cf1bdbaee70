"""MixedBatches: how many batches stay, that the rest is random and disjoint, and that the dial is monotone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import mini_batch_loss
from replication.selection import FixedBatches, FullBatch, OrderedSGD, PlannedBatchSampler, ShuffledBatches
from replication.selection.balanced_kmeans import BalancedKMeans
from replication.selection.mixed import MixedBatches
from replication.selection.nearest_neighbour import NearestNeighbour


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def clustered(groups, size, seed=0):
    g = generator(seed)
    sample = torch.randn(groups, 16, generator=g).repeat(size, 1) + 0.6 * torch.randn(groups * size, 16, generator=g)
    return [torch.nn.functional.normalize(sample + 0.2 * torch.randn(sample.shape, generator=g), dim=1) for _ in range(2)]


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 60), batch_size=st.integers(2, 8), hardness=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_a_partition_stays_one_and_the_share_is_kept_in_place(n, batch_size, hardness, seed):
    batch_size = min(batch_size, n)
    fixed = FixedBatches(batch_size, seed=seed)
    original = fixed.plan(n)
    plan = MixedBatches(fixed, hardness).select(torch.ones(n, 1), generator=generator(seed))
    assert plan.shape == original.shape
    assert plan.unique().numel() == plan.numel()
    kept = (plan == original).all(dim=1).sum()
    assert kept >= round(hardness * len(original))
    if n >= 8 * batch_size and batch_size >= 4:  # a random batch equal to the old one, in order, is next to impossible
        assert kept == round(hardness * len(original))


@pytest.mark.parametrize("selector", [NearestNeighbour(4), OrderedSGD(4, k=6, q=2)])
def test_hardness_one_is_the_selector_itself(selector):
    u, v = clustered(6, 5)
    assert torch.equal(MixedBatches(selector, 1).select(u, v, generator(3)), selector.select(u, v, generator(3)))


def test_hardness_zero_is_uniformly_random():
    """Batches of two of 6 samples, all alike to the selector: each of the 15 pairs comes about 600 times in 3,000 plans."""
    selector = MixedBatches(FixedBatches(2), 0)
    pairs = torch.cat([selector.select(torch.ones(6, 1), generator=generator(seed)) for seed in range(3000)])
    low, high = pairs.min(dim=1).values, pairs.max(dim=1).values
    counts = (6 * low + high).bincount()
    counts = counts[counts > 0]
    assert len(counts) == 15
    assert (counts - 600).abs().max() < 130


def test_which_batches_stay_is_random():
    original = FixedBatches(4).plan(40)
    selector = MixedBatches(FixedBatches(4), 0.3)
    kept = torch.zeros(10)
    for seed in range(200):
        kept += (selector.select(torch.ones(40, 1), generator=generator(seed)) == original).all(dim=1)
    assert kept.sum() == 600
    assert ((kept > 30) & (kept < 90)).all()  # 60 +- 6.5 each


def test_left_over_samples_get_their_turn():
    """5 of 29 samples are left over by the fixed partition for good; the random batches draw on them too."""
    plans = [MixedBatches(FixedBatches(6), 0.5).select(torch.ones(29, 1), generator=generator(seed)) for seed in range(60)]
    assert torch.cat(plans).unique().numel() == 29


def test_a_selector_that_covers_a_part_of_the_data_keeps_its_number_of_disjoint_batches():
    u, v = clustered(10, 5)
    hardest = OrderedSGD(5, q=4)
    plan = MixedBatches(hardest, 0.5).select(u, v, generator(1))
    assert plan.shape == (4, 5)
    assert plan.unique().numel() == 20
    assert (plan == hardest.select(u, v, generator(1))).all(dim=1).sum() == 2


def test_the_full_batch_is_only_reordered():
    plan = MixedBatches(FullBatch(), 0).select(torch.ones(7, 2), generator=generator())
    assert plan.sort().values.tolist() == [list(range(7))]


def test_the_mean_loss_rises_with_hardness():
    u, v = clustered(15, 16)
    means = []
    for hardness in (0, 0.25, 0.5, 0.75, 1):
        selector = MixedBatches(BalancedKMeans(8), hardness)
        plans = torch.cat([selector.select(u, v, generator(seed)) for seed in range(3)])
        means.append(mini_batch_loss(u, v, plans, 0.1))
    steps = torch.stack(means).diff()
    assert (steps > 0.1).all()
    assert steps.max() < 2 * steps.min()


def test_errors_are_one_clear_line():
    for arguments, kind, message in [
        ((ShuffledBatches, 0.5), TypeError, r"^selector is ABCMeta; it must be a BatchSelector$"),
        ((ShuffledBatches(2), "half"), TypeError, r"^hardness='half' must be a number$"),
        ((ShuffledBatches(2), True), TypeError, r"^hardness=True must be a number$"),
        ((ShuffledBatches(2), 1.5), ValueError, r"^hardness=1.5 must be >= 0 and <= 1$"),
        ((ShuffledBatches(2), float("nan")), ValueError, r"^hardness=nan must be >= 0 and <= 1$"),
    ]:
        with pytest.raises(kind, match=message):
            MixedBatches(*arguments)
    overlapping = MixedBatches(OrderedSGD(3, k=8, q=8, candidates="independent"), 0)
    with pytest.raises(ValueError, match=r"^hardness=0.0 replaces 8 of 8 batches of 3 by disjoint ones; only 9 of N=9 samples"):
        overlapping.select(torch.ones(9, 2))


@pytest.mark.parametrize("inner", [ShuffledBatches(4), FixedBatches(4), FullBatch(), MixedBatches(ShuffledBatches(4), 0.5)])
def test_embeddings_are_needed_only_where_the_selector_needs_them(inner):
    mixed = MixedBatches(inner, 0.5)
    assert not mixed.uses_embeddings
    plan = mixed.plan(23, generator(2))
    assert torch.equal(plan, mixed.select(torch.zeros(23, 2), generator=generator(2)))
    sampler = PlannedBatchSampler(mixed, 23)
    batches = list(sampler)
    sampler.update(torch.ones(23, 2))
    assert batches == sampler.plan.tolist()
    with pytest.raises(ValueError, match="NaN"):
        mixed.select(torch.full((23, 2), torch.nan))
    with pytest.raises(ValueError, match=r"^num_samples=1 must be >= 2$"):
        mixed.plan(1)
    with pytest.raises(TypeError, match=r"^generator=3 must be a torch.Generator or None$"):
        mixed.plan(23, 3)


def test_without_embeddings_a_selector_that_needs_them_has_no_plan():
    mixed = MixedBatches(OrderedSGD(4), 0.5)
    assert mixed.uses_embeddings
    with pytest.raises(TypeError, match=r"^MixedBatches\(OrderedSGD\(4\), 0.5\) chooses by embeddings; call select\(u, v\)$"):
        mixed.plan(23)


def test_only_a_whole_selector_that_replays_does():
    assert MixedBatches(FixedBatches(4), 1.0).replays
    assert not MixedBatches(FixedBatches(4), 0.99).replays and not MixedBatches(ShuffledBatches(4), 1.0).replays
