from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch.nn.functional import normalize

from replication.experiments.neighbours.inputs import two_views
from replication.experiments.neighbours.worst_case_anchors import LEAST, WorstCaseAnchors


@pytest.fixture
def problem():
    data = [two_views("random", 6, 4, 0.3, seed) for seed in range(2)]
    x, v = torch.stack([a.x for a in data]), torch.stack([normalize(a.y, dim=1) for a in data])
    return WorstCaseAnchors(x, v, nu=0.5, ridge=0.1)


@pytest.fixture
def weights():
    return 0.7 * torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def plain_inner(problem, weights):
    """The definition, by loops."""
    scores = problem.x @ weights.mT @ problem.v.mT
    values = torch.zeros(problem.x.shape[:2], dtype=scores.dtype)
    for i in range(problem.count):
        for j in range(problem.count):
            if j != i:
                values[:, i] += (scores[:, i, j] - scores[:, i, i]).exp() / (problem.count - 1)
    return values


def test_exact_inner_values_and_their_gradients(problem, weights):
    values, pulls = problem.inner(weights)
    assert torch.allclose(values, plain_inner(problem, weights))
    wanted = torch.autograd.functional.jacobian(lambda w: plain_inner(problem, w).sum(dim=0), weights)  # [N, R, d, D]
    assert torch.allclose((pulls[..., None] * problem.x[..., None, :]).transpose(0, 1), wanted, atol=1e-12)


def test_estimates_are_unbiased_by_enumeration_of_all_candidates(problem, weights):
    sets = list(combinations(range(6), 2))
    found = [problem.inner(weights, torch.tensor([chosen, chosen])) for chosen in sets]
    for mean, exact in zip((sum(parts) / len(sets) for parts in zip(*found, strict=True)), problem.inner(weights), strict=True):
        assert torch.allclose(mean, exact, atol=1e-12)


def test_the_plain_estimate_of_the_logarithm_is_too_low(problem, weights):
    sets = list(combinations(range(6), 2))
    logs = [problem.inner(weights, torch.tensor([chosen, chosen]))[0].clamp(min=LEAST).log() for chosen in sets]
    assert (sum(logs) / len(logs) < problem.inner(weights)[0].log()).all()


def test_worst_weights_maximise(problem, weights):
    values = problem.inner(weights)[0][0]

    def minus_f(p):
        p = torch.from_numpy(p)
        return -float((p * values.log()).sum() - problem.nu / 2 * 6 * (p - 1 / 6).square().sum())

    simplex = {"type": "eq", "fun": lambda p: p.sum() - 1}
    oracle = minimize(minus_f, np.full(6, 1 / 6), bounds=[(0, 1)] * 6, constraints=simplex, options={"ftol": 1e-14})
    assert np.allclose(problem.worst_weights(values), oracle.x, atol=1e-5)
    ridge = 0.05 * float(weights[0].square().sum())
    assert float(problem.loss(weights)[0][0]) == pytest.approx(-oracle.fun + ridge, abs=1e-8)


def test_gradient_of_the_loss(problem, weights):
    _, gradient, _ = problem.loss(weights)
    step = 1e-6 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    change = problem.loss(weights + step)[0] - problem.loss(weights - step)[0]
    assert torch.allclose(change / 2, (gradient * step).sum(dim=(1, 2)), rtol=1e-5)


def test_large_nu_is_the_global_contrastive_loss_and_small_nu_the_worst_anchor(problem, weights):
    logs = problem.inner(weights)[0].log()
    for nu, wanted in ((1e6, logs.mean(dim=1)), (1e-6, logs.amax(dim=1))):
        found = WorstCaseAnchors(problem.x, problem.v, nu, 0.0).loss(weights)[0]
        assert torch.allclose(found, wanted, atol=1e-4)


def test_gradients_of_inner_values_are_never_shortened_and_longer_ones_are(problem, weights):
    values, pulls = problem.inner(weights)
    assert torch.allclose(problem.shortened(values, pulls), pulls)
    longer = problem.shortened(values, 1e6 * pulls)
    assert torch.allclose(longer.norm(dim=-1), values * problem.reach)
    assert torch.isfinite(problem.shortened(values, 0 * pulls)).all()


def test_the_least_loss_is_a_minimum_that_does_not_depend_on_the_start(problem, weights):
    """The loss is convex: on any line through two points it lies below the chord, and no point lies below its least."""
    least = problem.least_loss()
    ends, middle = [problem.loss(scale * weights)[0] for scale in (0, 2)], problem.loss(weights)[0]
    assert (middle <= (ends[0] + ends[1]) / 2).all()
    assert (least < torch.stack([*ends, middle])).all()
