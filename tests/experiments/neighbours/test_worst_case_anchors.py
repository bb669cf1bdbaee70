from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from replication.experiments.neighbours.inputs import first_weights, two_views
from replication.experiments.neighbours.linear_encoder import encode
from replication.experiments.neighbours.worst_case_anchors import WorstCaseAnchors


@pytest.fixture
def problem():
    data = [two_views("random", 6, 4, 0.3, seed) for seed in range(2)]
    return WorstCaseAnchors(torch.stack([a.x for a in data]), torch.stack([a.y for a in data]), 0.5, 0.3)


@pytest.fixture
def weights():
    return torch.stack([first_weights(2, 4, seed) for seed in range(2)])


def plain_inner(problem, weights):
    """The definition, by loops."""
    u, v = encode(weights, problem.x)[0], encode(weights, problem.y)[0]
    cosines = u @ v.mT
    values = torch.zeros(len(u), problem.count, dtype=u.dtype)
    for i in range(problem.count):
        for j in range(problem.count):
            if j != i:
                values[:, i] += ((cosines[:, i, j] - cosines[:, i, i]) / problem.temperature).exp() / (problem.count - 1)
    return values


def test_exact_inner_values_and_jacobian(problem, weights):
    values, jacobian = problem.inner(weights)
    assert torch.allclose(values, plain_inner(problem, weights))
    wanted = torch.autograd.functional.jacobian(lambda w: plain_inner(problem, w).sum(dim=0), weights)
    assert torch.allclose(jacobian, wanted.transpose(0, 1).flatten(2), atol=1e-12)


def test_estimates_are_unbiased_by_enumeration_of_all_candidates(problem, weights):
    sets = list(combinations(range(6), 2))
    found = [problem.inner(weights, torch.tensor([chosen, chosen])) for chosen in sets]
    for mean, exact in zip((sum(parts) / len(sets) for parts in zip(*found, strict=True)), problem.inner(weights), strict=True):
        assert torch.allclose(mean, exact, atol=1e-12)


def test_the_plain_estimate_of_the_logarithm_is_too_low(problem, weights):
    sets = list(combinations(range(6), 2))
    logs = [problem.inner(weights, torch.tensor([chosen, chosen]))[0].log() for chosen in sets]
    finite = torch.stack(logs).clamp(min=np.log(problem.bounds()[0]))
    assert (finite.mean(dim=0) < problem.inner(weights)[0].log()).float().mean() > 0.9


def test_worst_weights_maximise(problem, weights):
    values = problem.inner(weights)[0][0]

    def minus_f(p):
        p = torch.from_numpy(p)
        penalty = problem.nu / 2 * 6 * (p - 1 / 6).square().sum()
        return -float(problem.temperature * (p * values.log()).sum() - penalty)

    simplex = {"type": "eq", "fun": lambda p: p.sum() - 1}
    oracle = minimize(minus_f, np.full(6, 1 / 6), bounds=[(0, 1)] * 6, constraints=simplex, options={"ftol": 1e-14})
    assert np.allclose(problem.worst_weights(values), oracle.x, atol=1e-5)
    assert float(problem.loss(weights)[0][0]) == pytest.approx(-oracle.fun, abs=1e-8)


def test_gradient_of_the_loss(problem, weights):
    _, gradient, _ = problem.loss(weights)
    step = 1e-6 * torch.randn(2, 2, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    change = problem.loss(weights + step)[0] - problem.loss(weights - step)[0]
    assert torch.allclose(change / 2, (gradient * step.flatten(1)).sum(dim=1), rtol=1e-5)


def test_large_nu_is_the_global_contrastive_loss_and_small_nu_the_worst_anchor(problem, weights):
    logs = problem.inner(weights)[0].log()
    for nu, wanted in ((1e6, logs.mean(dim=1)), (1e-6, logs.amax(dim=1))):
        found = WorstCaseAnchors(problem.x, problem.y, problem.temperature, nu).loss(weights)[0]
        assert torch.allclose(found, problem.temperature * wanted, atol=1e-4)


def test_values_lie_within_the_bounds_and_rows_of_the_jacobian_are_never_shortened(problem, weights):
    low, high = problem.bounds()
    values, jacobian = problem.inner(weights)
    assert low < values.min() and values.max() < high
    assert torch.allclose(problem.projected(weights, values, jacobian), jacobian)
    longer = problem.projected(weights, values, 1e6 * jacobian)
    assert (longer.norm(dim=-1) < 1e6 * jacobian.norm(dim=-1)).all()
    assert torch.isfinite(problem.projected(weights, values, 0 * jacobian)).all()


def test_polished_does_not_get_worse(problem, weights):
    assert (problem.run(0).polished(weights[:1]) <= problem.run(0).loss(weights[:1])[0]).all()
