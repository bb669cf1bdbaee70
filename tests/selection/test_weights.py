"""The edge weights against the formula of section 5.2, and the lower bound on the batch loss that they give."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import contrastive_loss
from replication.selection import edge_weights
from replication.selection.weights import pair_weights


def unit_pairs(n, d, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.nn.functional.normalize(torch.randn(n, d, generator=generator, dtype=torch.float64)) for _ in range(2)]


def slow_weight(u, v, k, l, batch_size, temperature):  # noqa: E741
    def z(a, b):
        return float(a @ b) / temperature

    return sum(
        math.log1p((batch_size - 1) * math.exp(z(u[i], v[j]) - z(u[i], v[i])))
        + math.log1p((batch_size - 1) * math.exp(z(v[i], u[j]) - z(v[i], u[i])))
        for i, j in ((k, l), (l, k))
    )


@pytest.mark.parametrize("batch_size", [2, 5, 32])
@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.01])
def test_equals_the_formula_and_is_symmetric(batch_size, temperature):
    u, v = unit_pairs(6, 3, batch_size)
    weights = edge_weights(u, v, batch_size, temperature)
    for k in range(6):
        for l in range(6):  # noqa: E741
            expected = 0 if k == l else slow_weight(u, v, k, l, batch_size, temperature)
            assert weights[k, l].item() == pytest.approx(expected, rel=1e-10, abs=1e-14)
    assert torch.equal(weights, weights.T)


@settings(max_examples=50, deadline=None)
@given(
    size=st.sampled_from([2, 3, 4, 8, 32]),
    d=st.integers(1, 10),
    temperature=st.sampled_from([1.0, 0.1, 0.03]),
    seed=st.integers(0, 10**6),
)
def test_the_loss_of_a_batch_is_at_least_its_mean_weight(size, d, temperature, seed):
    u, v = unit_pairs(size, d, seed)
    bound = edge_weights(u, v, size, temperature).triu().sum() / (size * (size - 1))
    loss = contrastive_loss(u, v, temperature)
    assert loss >= bound - 1e-12 * (1 + bound)
    if size == 2:
        torch.testing.assert_close(loss, bound)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(2, 15),
    batch_size=st.integers(2, 9),
    temperature=st.sampled_from([1.0, 0.1, 0.01, 0.001]),
    block=st.integers(1, 20),
    seed=st.integers(0, 10**6),
)
def test_the_weights_of_pairs_are_entries_of_the_dense_matrix(n, batch_size, temperature, block, seed):
    u, v = unit_pairs(n, 3, seed)
    first, second = torch.triu_indices(n, n, 1)
    dense = edge_weights(u, v, batch_size, temperature)
    torch.testing.assert_close(pair_weights(u, v, first, second, batch_size, temperature, block), dense[first, second])


def test_a_batch_of_one_sample_has_no_weights():
    u, v = unit_pairs(3, 2, 0)
    ends = torch.tensor([0, 1]), torch.tensor([1, 2])
    for call in (lambda size: edge_weights(u, v, size), lambda size: pair_weights(u, v, *ends, size, 1.0)):
        with pytest.raises(ValueError, match=r"^batch_size=1 must be >= 2$"):
            call(1)
        with pytest.raises(TypeError, match=r"^batch_size=2.5 must be an integer$"):
            call(2.5)
