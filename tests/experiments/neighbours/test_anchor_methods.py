from dataclasses import replace

import pytest
import torch

from replication.experiments.neighbours import anchor_methods
from replication.experiments.neighbours.anchor_methods import METHODS, Method, descend
from replication.experiments.neighbours.inputs import first_weights, two_views
from replication.experiments.neighbours.storm import project_on_simplex
from replication.experiments.neighbours.worst_case_anchors import WorstCaseAnchors

RATES = torch.tensor([0.2, 0.1], dtype=torch.float64)
SEEDS = [3, 4]


@pytest.fixture
def problem():
    data = [two_views("random", 8, 4, 0.3, seed) for seed in range(2)]
    return WorstCaseAnchors(torch.stack([a.x for a in data]), torch.stack([a.y for a in data]), 0.5, 0.3)


@pytest.fixture
def start():
    return torch.stack([first_weights(2, 4, seed) for seed in range(2)])


def plain(problem, start, steps, candidates, power):
    """Stochastic gradient descent ascent with plug-in estimates, written out."""
    generators = [torch.Generator().manual_seed(seed) for seed in SEEDS]
    weights, p = start, torch.full((2, 8), 1 / 8, dtype=start.dtype)
    for step in range(steps):
        left = (10 / (10 + step)) ** power
        drawn = torch.stack([torch.randperm(8, generator=g)[:candidates] for g in generators])
        values, jacobian = problem.inner(weights, drawn)
        values = values.clamp(*problem.bounds())
        slope = (jacobian * (0.5 * p / values)[..., None]).sum(dim=1)
        ascent = 0.5 * values.log() - 0.3 * 8 * (p - 1 / 8)
        weights = weights - (RATES * left)[:, None, None] * slope.view_as(weights)
        weights = weights * (start.flatten(1).norm(dim=1) / weights.flatten(1).norm(dim=1))[:, None, None]
        p = project_on_simplex(p + left / (0.3 * 8) * ascent)
    return weights


def test_plug_in_is_plain_descent_ascent(problem, start):
    found, _ = descend(problem, start, METHODS["plug-in"], RATES, 5, 3, SEEDS)
    assert torch.allclose(found, plain(problem, start, 5, 3, 0.5), atol=1e-12)


def test_storm_with_beta_one_is_plug_in(problem, start, monkeypatch):
    monkeypatch.setattr(anchor_methods, "decay", lambda step, warm, power: 1.0)
    ends = [
        descend(problem, start, method, RATES, 5, 3, SEEDS)[0] for method in (METHODS["NSTORM"], replace(METHODS["plug-in"]))
    ]
    # NSTORM also shortens rows of the Jacobian that no gradient can have; here there is none.
    assert torch.allclose(*ends, atol=1e-12)


def test_with_all_candidates_storm_is_exact_for_any_beta(problem, start):
    exact = descend(problem, start, replace(METHODS["NSTORM"], memory=False, corrected=False), RATES, 8, 8, SEEDS)[0]
    assert torch.allclose(descend(problem, start, METHODS["NSTORM"], RATES, 8, 8, SEEDS)[0], exact, atol=1e-10)
    # A moving average lags behind even then.
    assert not torch.allclose(descend(problem, start, Method(1 / 3, memory=True), RATES, 8, 8, SEEDS)[0], exact, atol=1e-4)


def test_full_batch_descends_with_exact_values(problem, start):
    _, curve = descend(problem, start, METHODS["full batch"], 0.25 * RATES, 40, 8, SEEDS)
    assert (curve[["bias", "error", "clamped"]].abs().max() < 1e-12).all()
    losses = curve.pivot(index="samples", columns="run", values="loss")
    assert (losses.iloc[-1] < losses.iloc[0]).all()


@pytest.mark.parametrize("name", METHODS)
def test_curves_count_samples_and_keep_the_norm(problem, start, name):
    end, curve = descend(problem, start, METHODS[name], 0.05 * RATES, 40, 2, SEEDS)
    assert torch.allclose(end.flatten(1).norm(dim=1), start.flatten(1).norm(dim=1))
    assert curve.samples.max() == 80 and set(curve.run) == {0, 1}
    assert curve.notna().all().all()


def test_runs_do_not_know_each_other(problem, start):
    together = descend(problem, start, METHODS["ADA-NSTORM"], 0.1 * RATES, 10, 2, SEEDS)[0]
    alone = descend(problem.run(1), start[1:], METHODS["ADA-NSTORM"], 0.1 * RATES[1:], 10, 2, SEEDS[1:])[0]
    assert torch.allclose(together[1:], alone, atol=1e-10)
