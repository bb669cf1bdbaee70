"""Views, captions and batches of an epoch: by seed and epoch alone, and those of `PlannedBatchSampler`."""

import pytest
import torch
from small_heads import small_features, small_settings

from replication.datasets.pairs import PairSet, draw_captions
from replication.heads.networks import StackedHeads
from replication.heads.planning import draw_rows, plan_training
from replication.heads.settings import Training
from replication.selection import PlannedBatchSampler
from replication.selection.registry import make_selector

FEATURES = small_features(items=50)


def test_captions_are_those_that_fine_tuning_draws():
    pairs = PairSet("p", torch.zeros(50, 3, 8, 8, dtype=torch.uint8), [["text"] * count for count in FEATURES.counts.tolist()])
    for seed, epoch in ((0, 0), (3, 4)):
        views, captions = draw_rows(FEATURES, seed, epoch)
        assert torch.equal(captions, FEATURES.first_caption + draw_captions(pairs, seed, epoch))
        assert torch.equal(FEATURES.item_of_caption[captions], torch.arange(50))
        assert torch.equal(views % 50, torch.arange(50)) and set((views // 50).tolist()) == {0, 1}


def test_each_epoch_and_seed_draws_its_own():
    drawn = [torch.cat(draw_rows(FEATURES, seed, epoch)) for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2]) and not torch.equal(drawn[0], drawn[3])


@pytest.mark.parametrize("method", ["SGD", "OSGD, k 4, q 1", "SwapSearch, k 3", "OSGD, hardness 0.5"])
@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_plans_are_those_of_the_sampler_that_users_have(method, temperature):
    settings = small_settings(temperature=temperature)
    heads = StackedHeads.random(settings, 6, 5, [2])
    rows = draw_rows(FEATURES, 2, 1)
    plan = plan_training(Training(method, 2, 1e-3), settings, heads, FEATURES, rows, 1)
    selector = make_selector(method, 50, 8, temperature or float(heads.temperatures()[0]), settings.k, settings.candidates)
    sampler = PlannedBatchSampler(selector, 50, seed=2)
    sampler.set_epoch(1)
    if selector.uses_embeddings:
        u = heads.embed("left", FEATURES.left.flatten(0, 1)[rows[0]])
        sampler.update(u, heads.embed("right", FEATURES.right[rows[1]]))
    assert list(sampler) == plan.batches.tolist()
    assert plan.batches.shape == (6, 8)
