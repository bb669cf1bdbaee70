"""Plans of an epoch: as many batches for every selector, one feature pass, or the released several."""

import pytest
import torch

from replication.selection import AllBatches, FullBatch, OrderedSGD, PlannedBatchSampler, ShuffledBatches, SwapSearch
from replication.selection.registry import make_selector
from replication.training.planning import plan_epoch

POINTS = torch.randn(23, 5, generator=torch.Generator().manual_seed(0))


def embedder(calls):
    def embed(number):
        calls.append(number)
        return POINTS + number, POINTS.roll(number, 0)

    return embed


@pytest.mark.parametrize("selector", [SwapSearch(4), OrderedSGD(4), OrderedSGD(4, q=2), ShuffledBatches(4), AllBatches(4)])
def test_every_selector_gets_floor_n_over_b_batches(selector):
    calls = []
    plan = plan_epoch(selector, 23, embedder(calls), 1, 0)
    assert plan.batches.shape == (5, 4) and plan.batches.dtype == torch.int64
    assert calls == ([0] if selector.uses_embeddings else [])
    assert all(len(set(row)) == 4 for row in plan.batches.tolist())


def test_the_full_batch_is_one_batch():
    assert plan_epoch(FullBatch(), 23, embedder([]), 0, 0).batches.shape == (1, 23)


def test_refreshed_features_are_extracted_for_every_call():
    calls = []
    plan_epoch(OrderedSGD(4, q=2), 23, embedder(calls), 0, 0, refresh_features=True)
    assert calls == [0, 1, 2]


def test_a_plan_depends_on_seed_and_epoch_alone():
    plans = [plan_epoch(OrderedSGD(4, q=2), 23, embedder([]), *when).batches for when in ((0, 0), (0, 0), (0, 1), (1, 0))]
    assert torch.equal(plans[0], plans[1])
    assert not torch.equal(plans[0], plans[2]) and not torch.equal(plans[0], plans[3])


def test_a_repeated_call_draws_other_candidates():
    """Two calls that answered the same would train twice on the same few batches."""
    plan = plan_epoch(OrderedSGD(4, q=1), 23, embedder([]), 0, 0)
    assert len({frozenset(row) for row in plan.batches.tolist()}) > 1


@pytest.mark.parametrize("line", ["SGD", "OSGD, k 4, q 1", "SC, k 2, n_init 1", "SwapSearch, k 3, hardness 0.5", "neighbours"])
def test_the_sampler_that_users_have_makes_the_plans_that_the_experiments_train_on(line):
    u, v = torch.randn(2, 50, 5, generator=torch.Generator().manual_seed(0))
    for seed, epoch in ((0, 0), (3, 0), (3, 7)):
        selector = make_selector(line, 50, 6, 0.5)
        planned = plan_epoch(selector, 50, lambda number: (u, v), seed, epoch).batches
        sampler = PlannedBatchSampler(selector, 50, seed)
        sampler.set_epoch(epoch)
        if selector.uses_embeddings:
            sampler.update(u, v)
        assert list(sampler) == planned.tolist()
