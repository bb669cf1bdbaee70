"""Stacked heads: initial weights by seed, embeddings as plain modules give them."""

import pytest
import torch
from single_heads import SingleHeads
from small_heads import small_settings

from replication.heads import networks
from replication.heads.networks import StackedHeads

ROWS = torch.randn(11, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_embeddings_are_those_of_modules(kind, monkeypatch):
    monkeypatch.setattr(networks, "BLOCK", 4)
    heads = StackedHeads.random(small_settings(kind=kind), 6, 5, [3, 4])
    right = torch.randn(11, 5, generator=torch.Generator().manual_seed(1))
    for place in (0, 1):
        u, v = SingleHeads(heads[place]).embed(ROWS, right)
        torch.testing.assert_close(heads[place].embed("left", ROWS), u.detach())
        torch.testing.assert_close(heads[place].embed("right", right), v.detach())
    some = torch.tensor([5, 5, 0])
    torch.testing.assert_close(heads[0].embed("left", ROWS, some), heads[0].embed("left", ROWS)[some])


def test_a_seed_always_draws_the_same():
    several, alone = (StackedHeads.random(small_settings(), 6, 5, seeds) for seeds in ([0, 7, 0], [7]))
    for name, value in several.weights.items():
        assert torch.equal(value[1], alone.weights[name][0]) and torch.equal(value[0], value[2])
    assert not torch.equal(several.weights["left.0"][0], several.weights["left.0"][1])


def test_initial_weights_are_as_wide_as_those_of_torch():
    weights = StackedHeads.random(small_settings(hidden=300), 100, 50, [0]).weights
    for name, inputs in (("left.0", 100), ("right.0", 50), ("left.1", 300), ("left.0 bias", 100)):
        bound = inputs**-0.5  # of torch.nn.Linear, for weights and biases alike
        assert weights[name].abs().max() <= bound and abs(weights[name].mean()) < 0.1 * bound
        assert weights[name].std() == pytest.approx(bound / 3**0.5, rel=0.1)
    assert StackedHeads.random(small_settings(), 6, 5, [0, 1]).temperatures().tolist() == pytest.approx([0.07, 0.07])


def test_parts_share_memory_and_copies_do_not():
    heads = StackedHeads.random(small_settings(), 6, 5, [0, 1])
    copy = heads.clone()
    heads[1].weights["left.0"].zero_()
    assert not heads.weights["left.0"][1].any() and heads.weights["left.0"][0].any() and copy.weights["left.0"][1].any()


def test_another_default_type_changes_nothing():
    expected = StackedHeads.random(small_settings(), 4, 5, [0])
    torch.set_default_dtype(torch.float64)
    try:
        found = StackedHeads.random(small_settings(), 4, 5, [0])
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(torch.equal(found.weights[name], value) for name, value in expected.weights.items())
    assert {value.dtype for value in found.weights.values()} == {torch.float32}
