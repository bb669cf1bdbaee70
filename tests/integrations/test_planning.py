"""EpochPlanner: when a model is asked for embeddings, and in which mode."""

import pytest
import torch
from torch import nn

from replication.integrations.dealt_batches import DealtBatches
from replication.integrations.planning import EpochPlanner
from replication.selection import PlannedBatchSampler, ShuffledBatches, SwapSearch

EMBEDDINGS = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))


def plans(planner, selector, epochs=4, model=None):
    batches, found = DealtBatches(PlannedBatchSampler(selector, 20)), []
    for epoch in range(epochs):
        planner.plan(batches, epoch, model or nn.Linear(1, 1))
        planner.plan(batches, epoch, model or nn.Linear(1, 1))  # again, as by another hook: nothing happens
        found.append(list(batches))
    return found


@pytest.mark.parametrize(("every", "calls"), [(1, 4), (3, 2), (9, 1)])
def test_embeddings_of_every_nth_epoch_and_plans_of_each(every, calls):
    seen = []
    found = plans(EpochPlanner(lambda model: seen.append(model) or (EMBEDDINGS, EMBEDDINGS), every), SwapSearch(4, k=2))
    assert len(seen) == calls and all(found[0] != plan for plan in found[1:])


def test_given_embeddings_and_selectors_without():
    found = plans(EpochPlanner((EMBEDDINGS, EMBEDDINGS)), SwapSearch(4, k=2))
    assert found[0] != found[1]
    assert len(plans(EpochPlanner(lambda model: 1 / 0), ShuffledBatches(4))) == 4


def test_the_model_is_evaluated_and_then_as_before():
    model = nn.Sequential(nn.Dropout(), nn.Linear(4, 4))
    model[1].eval()

    def embed(model):
        assert not model.training and not model[0].training and not torch.is_grad_enabled()
        return EMBEDDINGS, EMBEDDINGS

    plans(EpochPlanner(embed), SwapSearch(4), 1, model)
    assert model.training and model[0].training and not model[1].training


def test_one_tensor_is_both_views():
    alone, both = (
        plans(EpochPlanner(embed), SwapSearch(4, k=2)) for embed in (lambda m: EMBEDDINGS, lambda m: (EMBEDDINGS,) * 2)
    )
    assert alone == both
    with pytest.raises(TypeError, match=r"^embed returned dict; it must return \(u, v\), \(u, v, temperature\), or u alone"):
        plans(EpochPlanner(lambda model: {}), SwapSearch(4))


def test_a_learned_temperature_decides_the_plan():
    cold, warm = (
        plans(EpochPlanner(lambda m, t=t: (EMBEDDINGS, EMBEDDINGS, t)), SwapSearch(4, temperature=1.0), 1) for t in (0.02, 1.0)
    )
    assert cold == plans(EpochPlanner((EMBEDDINGS, EMBEDDINGS)), SwapSearch(4, temperature=0.02), 1)
    assert warm == plans(EpochPlanner((EMBEDDINGS, EMBEDDINGS)), SwapSearch(4, temperature=1.0), 1) != cold
    with pytest.raises(TypeError, match=r"^embed returned 4 values; it must return \(u, v\), "):
        plans(EpochPlanner(lambda model: (EMBEDDINGS,) * 4), SwapSearch(4))


def test_errors_are_one_clear_line():
    with pytest.raises(TypeError, match=r"^embed is int; it must be a function of the model or a pair \(u, v\)$"):
        EpochPlanner(3)
    with pytest.raises(ValueError, match=r"^every=0 must be >= 1$"):
        EpochPlanner(max, 0)
