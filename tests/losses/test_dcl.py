"""Decoupled contrastive learning against a loop, and against NT-Xent."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import DCL, NTXent


def slow_dcl(u, v, temperature):
    """-s_pos/t + log of the sum over both views of all other samples, averaged over all views."""
    views = [[x / math.hypot(*row) for x in row] for row in u.tolist() + v.tolist()]
    total, size = 0.0, len(u)
    for i, anchor in enumerate(views):
        z = [math.fsum(a * b for a, b in zip(anchor, other, strict=True)) / temperature for other in views]
        negatives = [value for j, value in enumerate(z) if j % size != i % size]
        peak = max(negatives)
        total += peak + math.log(math.fsum(math.exp(value - peak) for value in negatives)) - z[(i + size) % (2 * size)]
    return total / (2 * size)


@given(st.integers(2, 7), st.integers(1, 5), st.sampled_from([1.0, 0.1, 0.01]), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_equals_the_slow_loop(n, d, temperature, seed):
    u, v = torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    expected = slow_dcl(u, v, temperature)
    assert DCL(temperature)(u, v).item() == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert DCL(temperature)(u.float(), v.float()).item() == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_with_an_easy_positive_its_gradient_does_not_fade_as_that_of_nt_xent():
    generator = torch.Generator().manual_seed(0)
    u = torch.eye(6, dtype=torch.float64) + 0.05 * torch.randn(6, 6, dtype=torch.float64, generator=generator)
    v = u + 0.05 * torch.randn(6, 6, dtype=torch.float64, generator=generator)
    norms = []
    for objective in (DCL(0.1), NTXent(0.1)):
        x = u.clone().requires_grad_()
        norms.append(torch.autograd.grad(objective(x, v), x)[0].norm())
    assert norms[0] > 100 * norms[1]


def test_it_is_the_worst_case_over_weights_of_the_negatives_that_stay_near_the_uniform_ones():
    """For each view t log( mean of exp(s/t) ) is the largest p.s - t KL(p, uniform): what makes it kin of a partial AUC."""
    s, t = torch.randn(6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), 0.3

    def value(p):
        return p @ s - t * (p * (6 * p).log()).sum()

    best = t * ((s / t).logsumexp(0) - math.log(6))
    torch.testing.assert_close(value((s / t).softmax(0)), best)
    for seed in range(20):
        p = torch.randn(6, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).softmax(0)
        assert value(p) < best
