from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from replication.experiments.neighbours import anchor_methods
from replication.experiments.neighbours.anchor_methods import METHODS, Method, descend
from replication.experiments.neighbours.inputs import two_views
from replication.experiments.neighbours.storm import project_on_simplex
from replication.experiments.neighbours.worst_case_anchors import LEAST, WorstCaseAnchors

RATES = torch.tensor([0.2, 0.1], dtype=torch.float64)
SEEDS = [3, 4]


@pytest.fixture
def problem():
    data = [two_views("random", 8, 4, 0.3, seed) for seed in range(2)]
    x, v = torch.stack([a.x for a in data]), torch.stack([normalize(a.y, dim=1) for a in data])
    return WorstCaseAnchors(x, v, nu=0.5, ridge=0.1)


def last(curve, measure="loss"):
    return torch.tensor(curve[curve.samples == curve.samples.max()][measure].to_numpy())


def plain(problem, steps, candidates):
    """Stochastic gradient descent ascent with plug-in estimates, written out; the losses before the last step."""
    generators = [torch.Generator().manual_seed(seed) for seed in SEEDS]
    weights, p = torch.zeros(2, 4, 4, dtype=torch.float64), torch.full((2, 8), 1 / 8, dtype=torch.float64)
    for step in range(steps):
        left = (10 / (10 + step)) ** 0.5
        losses = problem.loss(weights)[0]
        drawn = torch.stack([torch.randperm(8, generator=g)[:candidates] for g in generators])
        values, pulls = problem.inner(weights, drawn)
        values = values.clamp(min=LEAST)
        slope = torch.einsum("rn,rnc,rnl->rcl", p / values, pulls, problem.x) + 0.1 * weights
        weights = weights - (RATES * left)[:, None, None] * slope
        p = project_on_simplex(p + left / (0.5 * 8) * (values.log() - 0.5 * 8 * (p - 1 / 8)))
    return losses


def test_plug_in_is_plain_descent_ascent(problem):
    found = descend(problem, METHODS["plug-in"], RATES, 6, 3, SEEDS)
    assert torch.allclose(last(found), plain(problem, 6, 3), atol=1e-12)


def test_storm_with_beta_one_is_plug_in(problem, monkeypatch):
    monkeypatch.setattr(anchor_methods, "decay", lambda step, warm, power: 1.0)
    # NSTORM also shortens gradients of inner values that none can have; with plain estimates at one point there is none.
    ends = [last(descend(problem, METHODS[name], RATES, 6, 3, SEEDS)) for name in ("NSTORM", "plug-in")]
    assert torch.allclose(*ends, atol=1e-12)


def test_with_all_candidates_storm_is_exact_for_any_beta(problem):
    exact = last(descend(problem, replace(METHODS["NSTORM"], memory=False, corrected=False), RATES, 8, 8, SEEDS))
    assert torch.allclose(last(descend(problem, METHODS["NSTORM"], RATES, 8, 8, SEEDS)), exact, atol=1e-10)
    # A moving average lags behind even then.
    lagging = last(descend(problem, Method(1 / 3, memory=True), RATES, 8, 8, SEEDS))
    assert (lagging - exact).abs().min() > 1e-6


def test_full_batch_reaches_the_least_loss(problem):
    curve = descend(problem, METHODS["full batch"], RATES, 300, 8, SEEDS)
    assert (curve[["bias", "error", "clamped"]].abs().max() < 1e-12).all()
    assert torch.allclose(last(curve), problem.least_loss(), atol=1e-3)
    assert last(curve, "gradient").max() < 0.02


@pytest.mark.parametrize("name", METHODS)
def test_curves_count_samples_and_begin_with_all_embeddings_alike(problem, name):
    curve = descend(problem, METHODS[name], 0.05 * RATES, 40, 2, SEEDS)
    assert curve.samples.max() == 80 and set(curve.run) == {0, 1}
    assert curve.notna().all().all()
    assert curve.loss[:2].abs().max() < 1e-12  # all g_i are 1


def test_runs_do_not_know_each_other(problem):
    together = descend(problem, METHODS["ADA-NSTORM"], 0.1 * RATES, 10, 2, SEEDS)
    alone = WorstCaseAnchors(problem.x[1:], problem.v[1:], problem.nu, problem.ridge)
    found = descend(alone, METHODS["ADA-NSTORM"], 0.1 * RATES[1:], 10, 2, SEEDS[1:])
    assert torch.allclose(last(together)[1:], last(found), atol=1e-10)
