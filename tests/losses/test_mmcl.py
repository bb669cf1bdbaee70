"""Max-margin contrastive learning against loops, and its coefficients against the dual that they solve."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import MMCL


def unit_views(n, d, seed=0):
    x = torch.randn(2, n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(x, dim=2)


def kernel(x, y, temperature):
    return math.exp(-((x - y) ** 2).sum() / (2 * temperature))


def slow_coefficients(x, i, temperature, ceiling, ridge):
    """Solve sample i's machine with its own entry left out: {j: a_j}."""
    others = [j for j in range(len(x)) if j != i]

    def k(a, b):
        return kernel(x[a], x[b], temperature)

    matrix = [[k(i, i) + k(j, m) - k(i, j) - k(i, m) + ridge * (j == m) for m in others] for j in others]
    solution = np.linalg.solve(np.array(matrix), np.full(len(others), 2.0))
    return dict(zip(others, np.clip(solution, 0, ceiling), strict=True))


def slow_mmcl(u, v, temperature, ceiling, ridge):
    u, v = u.numpy(), v.numpy()
    total = 0.0
    for x, y in ((u, v), (v, u)):
        for i in range(len(x)):
            for j, a in slow_coefficients(x, i, temperature, ceiling, ridge).items():
                total += a * (kernel(y[i], x[j], temperature) - kernel(y[i], x[i], temperature))
    return total / (2 * len(u))


@given(
    st.integers(2, 7),
    st.integers(1, 5),
    st.sampled_from([1.0, 0.1, 0.03]),
    st.sampled_from([0.3, 1.0, 100.0]),
    st.sampled_from([0.1, 0.5]),
    st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_equals_the_slow_loop(n, d, temperature, ceiling, ridge, seed):
    u, v = unit_views(n, d, seed)
    loss = MMCL(temperature, ceiling, ridge)(u, v)
    assert loss.item() == pytest.approx(slow_mmcl(u, v, temperature, ceiling, ridge), rel=1e-9, abs=1e-10)


def test_unclipped_coefficients_are_stationary_in_the_dual_with_the_ridge():
    """The dual of the machine, written with the coefficient of the positive and not yet reduced."""
    x, _ = unit_views(6, 8)
    objective = MMCL(0.5, ceiling=1e6, ridge=0.2)
    found = objective.coefficients(x)
    assert (found.diagonal() == 0).all() and (found.sum(dim=1) > 0).all()
    gram = ((x @ x.T - 1) / 0.5).exp()
    for i in range(6):
        others = torch.arange(6) != i
        a = found[i].clone().requires_grad_()
        assert (a[others] > 0).all()  # nothing was clipped
        signed = torch.where(others, -a, a[others].sum())  # the positive has class +1 and the sum of all coefficients
        dual = 2 * a[others].sum() - 0.5 * signed @ gram @ signed - 0.5 * 0.2 * (a[others] ** 2).sum()
        gradient = torch.autograd.grad(dual, a)[0]
        torch.testing.assert_close(gradient, torch.zeros(6, dtype=torch.float64), rtol=0, atol=1e-12)


def test_gradient_holds_the_coefficients_fixed():
    u, v = unit_views(5, 3)
    fixed = [[slow_coefficients(x.numpy(), i, 0.2, 1.0, 0.1) for i in range(5)] for x in (u, v)]

    def value(u, v):
        total = 0.0
        for (x, y), machines in zip(((u, v), (v, u)), fixed, strict=True):
            x, y = (torch.nn.functional.normalize(z, dim=1) for z in (x, y))
            for i, machine in enumerate(machines):
                positive = ((y[i] @ x[i] - 1) / 0.2).exp()
                total = total + sum(a * (((y[i] @ x[j] - 1) / 0.2).exp() - positive) for j, a in machine.items())
        return total / 10

    u, v = u.requires_grad_(), v.requires_grad_()
    mine = torch.autograd.grad(MMCL(0.2)(u, v), (u, v))
    torch.testing.assert_close(mine, torch.autograd.grad(value(u, v), (u, v)))


def test_coefficients_fall_on_the_nearest_samples():
    """Support vectors: a sample close to the positive gets more than one far away."""
    angles = torch.tensor([0.0, 0.5, 3.0], dtype=torch.float64)
    x = torch.stack([angles.cos(), angles.sin()], dim=1)
    near, far = MMCL(0.5, ceiling=100).coefficients(x)[0, 1:]
    assert near > 2 * far


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [4, 64])
def test_a_tiny_ridge_is_raised_to_what_rounding_leaves_of_it(n, dtype):
    """Samples that are all alike, or few distinct ones, leave nothing but the ridge: coefficients stay in their range."""
    x = torch.nn.functional.normalize(torch.eye(2, 3, dtype=dtype)[torch.arange(n) % 2] + 0.3, dim=1)
    for rows in (x, x[:1].expand(n, -1)):
        coefficients = MMCL(0.1, ridge=1e-300).coefficients(rows)
        assert torch.isfinite(coefficients).all() and coefficients.min() >= 0 and coefficients.max() <= 1
        assert torch.equal(coefficients.diagonal(), torch.zeros(n, dtype=dtype))
