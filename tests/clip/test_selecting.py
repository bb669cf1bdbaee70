"""Selectors of a network with a learned temperature: at that of the moment, or the one of the settings."""

import math

import pytest
import torch
from small_finetuning import small_task
from torch.nn.functional import normalize

from replication.clip.processes import Processes
from replication.clip.selecting import CurrentSelector, make_clip_selector
from replication.selection import SwapSearch
from replication.selection.registry import make_selector

# Two views of 80 samples, spread out enough that batches depend on the temperature.
U = normalize(torch.randn(80, 6, generator=torch.Generator().manual_seed(0)), dim=1)
V = normalize(U + 0.5 * torch.randn(80, 6, generator=torch.Generator().manual_seed(1)), dim=1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def set_temperature(task, temperature):
    with torch.no_grad():
        task.network.logit_scale.fill_(-math.log(temperature))


@pytest.mark.parametrize(("method", "size"), [("SwapSearch", 16), ("SC", 16), ("OSGD", 2), ("SwapSearch, hardness 0.5", 16)])
def test_plans_follow_the_learned_temperature(method, size):
    task = small_task(method=method, batch_size=size)
    selector, plans = make_clip_selector(task), []
    for temperature in (0.07, 1.0, 0.07):
        set_temperature(task, temperature)
        plans.append(selector.select(U, V, seeded()))
        assert torch.equal(plans[-1], make_selector(method, 80, size, temperature, k=2).select(U, V, seeded()))
    assert torch.equal(plans[0], plans[2]) and not torch.equal(plans[0], plans[1])


def test_a_fixed_temperature_wins_over_the_learned_one():
    task = small_task(temperature=1.0)
    selector = make_clip_selector(task)
    expected = SwapSearch(16, 2, 1.0).select(U, V, seeded())
    for temperature in (0.07, 0.01):
        set_temperature(task, temperature)
        assert torch.equal(selector.select(U, V, seeded()), expected)
    assert not torch.equal(SwapSearch(16, 2, 0.07).select(U, V, seeded()), expected)


def test_settings_reach_the_selector():
    """k = 5 is the whole set at once, k = 1 no search; OSGD keeps a tenth of its candidates."""
    wide, narrow = (make_clip_selector(small_task(k=k)).select(U, V, seeded()) for k in (5, 1))
    assert torch.equal(wide, SwapSearch(16, temperature=0.07).select(U, V, seeded())) and not torch.equal(wide, narrow)
    assert torch.equal(narrow, SwapSearch(16, 1, 0.07).select(U, V, seeded()))
    ordered = make_clip_selector(small_task(method="OSGD", batch_size=2, candidates=20))
    assert ordered.select(U, V, seeded()).shape == (2, 2)


def test_make_gets_the_temperature_of_each_plan_in_turn():
    seen, temperatures = [], iter((0.5, 0.25, 0.125))
    selector = CurrentSelector(lambda t: seen.append(t) or SwapSearch(16, 2, t), lambda: next(temperatures))
    assert seen == [0.5]  # to learn its batch size
    for _ in range(2):
        selector.select(U, V, seeded())
    assert seen == [0.5, 0.25, 0.125]


@pytest.mark.parametrize(
    "method",
    [
        "SGD",
        "OSGD",
        "OSGD, as released",
        "SC",
        "SC (exp)",
        "SwapSearch, k 1",
        "SwapSearch, hardness 0.25",
        "neighbours, skip 32",
    ],
)
def test_it_is_called_like_the_selector_that_it_makes(method):
    wrapped, plain = make_clip_selector(small_task(), method), make_selector(method, 80, 16, 0.07, k=2)
    assert (wrapped.batch_size, wrapped.uses_embeddings) == (plain.batch_size, plain.uses_embeddings)
    mine, theirs = seeded(3), seeded(3)
    assert torch.equal(wrapped.select(U, V, mine), plain.select(U, V, theirs))
    assert torch.equal(mine.get_state(), theirs.get_state())


def test_plans_without_embeddings_are_those_of_the_selector():
    wrapped, plain = make_clip_selector(small_task(method="SGD")), make_selector("SGD", 80, 16, 0.07)
    mine, theirs = seeded(3), seeded(3)
    first = wrapped.plan(80, mine)
    assert torch.equal(first, plain.plan(80, theirs)) and torch.equal(mine.get_state(), theirs.get_state())
    assert not torch.equal(first, wrapped.plan(80, mine))


def test_other_processes_take_the_plan_and_the_generator_of_the_first():
    sent = []

    class First(Processes):
        def broadcast(self, value):
            sent.append(value)
            return value

    class Second(Processes):
        def broadcast(self, value):
            assert value is None
            return sent[-1]

    first = CurrentSelector(lambda t: SwapSearch(16, 2, t), lambda: 0.07, First(0, 2))
    second = CurrentSelector(lambda t: SwapSearch(16, 2, t), lambda: 1.0, Second(1, 2))
    generator, other = seeded(3), seeded(4)
    expected = first.select(U, V, generator)
    assert torch.equal(second.select(U, V, other), expected)
    assert torch.equal(other.get_state(), generator.get_state())
    assert torch.equal(first.select(U, V), second.select(U, V))  # and without a generator
