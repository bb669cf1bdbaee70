from dataclasses import replace

import pytest
import torch

from replication.experiments.neighbours import control_variates
from replication.experiments.neighbours.contrastive_gradient import Snapshot
from replication.experiments.neighbours.control_variates import VARIATES, Predictor, fit, regressors, view_noise_of_seed
from replication.experiments.neighbours.gradient_noise import Problem
from replication.experiments.neighbours.inputs import first_weights

SMALL = Problem(samples=60, dimensions=8, outputs=6, batch_size=4, temperature=0.5, strength=0.3, rate=0.05)


@pytest.fixture(scope="module")
def table():
    return view_noise_of_seed(SMALL, 10, 8, 60, seed=0).set_index("variate")


def test_the_means_stay_within_what_chance_allows_on_fresh_draws(table):
    assert (table["worst z"] <= table["allowed z"]).all()


def test_variates_in_their_order(table):
    left = table.left[list(VARIATES)]
    assert left["none"] == 1
    assert left["best for each batch"] < left["amortised"] < left["one for all"] < 1.02


def test_a_gradient_linear_in_the_amounts_has_no_noise_left(monkeypatch):
    """Each batch has a slope of its own, so only the best for each batch removes everything."""

    def linear(problem, views, weights, batch, draws, generator):
        amounts = views.amounts(draws, batch, generator)
        slope = torch.randn(amounts[0].numel(), 5, generator=torch.Generator().manual_seed(int(batch[0])), dtype=amounts.dtype)
        return amounts, 7.0 + amounts.flatten(1) @ slope

    monkeypatch.setattr(control_variates, "drawn_gradients", linear)
    found = view_noise_of_seed(replace(SMALL, samples=30), 0, 3, 20, seed=0).set_index("variate").left
    assert found["best for each batch"] < 1e-9
    assert found["amortised"] > 0.1


def test_fit_finds_the_coefficients():
    generator = torch.Generator().manual_seed(0)
    rows, wanted = (torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((500, 3), (3, 2)))
    assert torch.allclose(fit(rows, rows @ wanted + 5), wanted, atol=1e-5)


def test_regressors_do_not_see_the_order_of_samples_where_coefficients_are_shared():
    generator = torch.Generator().manual_seed(0)
    snapshot = Snapshot(first_weights(6, 8, 0), torch.randn(9, 8, generator=generator, dtype=torch.float64), 0.3)
    predictor, batch = Predictor(snapshot, 0), torch.tensor([5, 1, 7])
    amounts = torch.randn(4, 2, 3, 4, generator=generator, dtype=torch.float64)
    order = torch.tensor([2, 0, 1])
    for name in ("one for all", "amortised"):
        first = regressors(name, amounts, predictor.features(batch))
        assert torch.allclose(first, regressors(name, amounts[:, :, order], predictor.features(batch[order])), atol=1e-12)
    assert regressors("best for each batch", amounts, predictor.features(batch)).shape == (4, 24)
