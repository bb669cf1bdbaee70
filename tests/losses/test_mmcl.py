"""Max-margin contrastive learning against loops, and its coefficients against the dual that they solve."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from replication.losses import MMCL, ReleasedMMCL, make_objective


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


def clusters(n=128, d=64, groups=10, seed=0):
    """Return unit vectors around a few centres, as a network that has learned something gives them."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(groups, d, dtype=torch.float64, generator=generator)
    x = centres[torch.arange(n) % groups] + torch.randn(n, d, dtype=torch.float64, generator=generator)
    return torch.nn.functional.normalize(x, dim=1)


def of_others(coefficients):
    return coefficients[~torch.eye(len(coefficients), dtype=torch.bool)]


def test_at_temperature_0_1_no_support_vector_is_chosen():
    """None is 0, none is at the ceiling, and they are about alike; in wider kernels many are 0, and many exceed 1."""
    x = clusters()
    narrow = of_others(MMCL(0.1).coefficients(x))
    assert narrow.min() > 0.005 and narrow.max() < 0.2 and narrow.std() < 0.5 * narrow.mean()
    for width in (0.25, 2.5, 25):
        wide = of_others(MMCL(0.1, ceiling=None, width=width).coefficients(x))
        assert (wide == 0).double().mean() > 0.2
    assert (wide > 1).double().mean() > 0.2


def test_an_own_width_takes_the_place_of_the_temperature():
    u, v = unit_views(6, 3)
    assert torch.equal(MMCL(0.1, width=0.7)(u, v), MMCL(0.7)(u, v))
    assert MMCL(0.1).width == 0.1


def test_without_a_ceiling_nothing_is_cut():
    x = clusters(32, 8)
    free, high, low = (MMCL(5.0, ceiling=c).coefficients(x) for c in (None, 1e6, 1.0))
    assert torch.equal(free, high) and free.max() > 1
    assert torch.equal(free.clamp(max=1), low)
    assert "ceiling=none" in repr(MMCL(0.1, ceiling=None))


def test_at_temperature_0_1_the_closed_form_is_the_exact_solution():
    """The bounded dual, solved as least squares on a Cholesky factor: with nothing clipped there is nothing to approximate."""
    x, ridge = clusters(24, 16), 0.1
    kernel = ((x @ x.T - 1) / 0.1).exp().numpy()
    found = MMCL(0.1).coefficients(x).numpy()
    for i in range(3):
        others = np.arange(24) != i
        k = kernel[i, others]
        matrix = 1 + kernel[np.ix_(others, others)] - k[:, None] - k + ridge * np.eye(23)
        factor = np.linalg.cholesky(matrix)
        exact = lsq_linear(factor.T, np.linalg.solve(factor, np.full(23, 2.0)), bounds=(0, 1), tol=1e-12).x
        np.testing.assert_allclose(found[i, others], exact, rtol=1e-5)


def test_the_released_width_falls_at_its_epochs_and_travels_in_the_state():
    """Five batches of four make an epoch of 20 samples."""
    u, v = unit_views(4, 3)
    objective = ReleasedMMCL(21, 0.1, drop_epochs=(1, 3)).double()
    for call in range(20):
        width = 25 * 0.1 ** ((call >= 5) + (call >= 15))
        assert float(objective.present_width(4)) == pytest.approx(width)
        if call in (3, 7, 16):
            torch.testing.assert_close(objective.eval()(u, v), MMCL(0.1, ceiling=100, width=width)(u, v))
            objective.train()
        copy = ReleasedMMCL(21, 0.1, drop_epochs=(1, 3)).double()
        copy.load_state_dict(objective.state_dict())
        torch.testing.assert_close(copy(u, v), objective(u, v), rtol=0, atol=0)


def test_the_released_settings_are_those_of_the_authors_program():
    objective = make_objective("mmcl, as released", 50_000, 0.1)
    assert (objective.width, objective.ceiling, objective.ridge, objective.drop_epochs) == (25, 100, 0.1, [75, 125])
    constant = ReleasedMMCL(8, 0.1, drop_epochs=())
    assert float(constant.present_width(4)) == 25


def test_wrong_settings_raise_one_clear_line():
    cases = [
        (ValueError, "ceiling=0 must be a finite number > 0", lambda: MMCL(0.1, ceiling=0)),
        (ValueError, "width=-1 must be a finite number > 0", lambda: MMCL(0.1, width=-1)),
        (ValueError, "drop_epochs=-5 must be >= 0", lambda: ReleasedMMCL(8, 0.1, drop_epochs=(-5,))),
        (ValueError, "num_samples=0 must be >= 1", lambda: ReleasedMMCL(0, 0.1)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=f"^{message}$"):
            call()
