import pandas as pd
import pytest
import torch

from replication.experiments.neighbours import gradient_noise
from replication.experiments.neighbours.gradient_noise import Problem, drawn_gradients, noise_of_seed, selectors, trained
from replication.experiments.neighbours.image_views import AMOUNTS, digit_views
from replication.experiments.neighbours.inputs import first_weights

SMALL = Problem(samples=40, dimensions=6, outputs=3, batch_size=4, temperature=0.2, strength=1.0, rate=0.05)


@pytest.fixture(scope="module")
def noise():
    return noise_of_seed(SMALL, 5, [0, 4], 20, 6, seed=0)


def test_views_are_linear_in_amounts_of_mean_zero():
    views = digit_views(30, 6, 0.5, 0)
    batch = torch.tensor([3, 7, 11])
    generator = torch.Generator().manual_seed(0)
    amounts = views.amounts(5000, batch, generator)
    assert amounts.shape == (5000, 2, 3, len(AMOUNTS))
    assert amounts.mean().abs() < 3 * 0.5 / amounts.numel() ** 0.5 and amounts.std() == pytest.approx(0.5, rel=0.01)
    first, second = amounts[0, 0], amounts[1, 0]
    both = views.view(batch, first) + views.view(batch, second) - views.view(batch, torch.zeros_like(first))
    assert torch.allclose(views.view(batch, first + second), both)


def test_training_lowers_the_loss():
    views = digit_views(40, 6, 1.0, 0)
    start = first_weights(3, 6, 0)
    end = trained(SMALL, views, start, 60, torch.Generator().manual_seed(0))

    def loss(weights):
        rows = torch.nn.functional.normalize(views.x @ weights.T, dim=1)
        return torch.nn.functional.cross_entropy(rows @ rows.T / 0.2, torch.arange(40))

    assert loss(end) < loss(start)


def test_gradients_of_equal_views_are_equal():
    views = digit_views(40, 6, 1e-12, 0)
    _, found = drawn_gradients(SMALL, views, first_weights(3, 6, 0), torch.arange(4), 3, torch.Generator().manual_seed(0))
    assert found.shape == (3, 18) and torch.allclose(found[0], found[1], atol=1e-8)


def test_a_row_for_each_drift_selector_and_correction(noise):
    assert len(noise) == 2 * len(selectors(SMALL)) * 3
    measures = noise[["views", "batches", "total", "bias", "relative noise"]]
    assert measures.notna().all().all() and (noise.views > 0).all()
    assert (noise.total - noise.views - noise.batches).abs().max() < 1e-9


def test_an_undisturbed_snapshot_removes_noise_and_bias_exactly(monkeypatch):
    """Without noise of views, right after the snapshot, the corrected gradient is the full-batch gradient, for every batch."""
    monkeypatch.setattr(gradient_noise, "FULL_DRAWS", 2)
    rows = noise_of_seed(Problem(40, 6, 3, 4, 0.2, 1e-9, 0.05), 5, [0], 20, 2, seed=0)
    exact = rows[rows.snapshot == "gradients"]
    assert (exact.total.abs() < 1e-12).all() and (exact.bias < 1e-6).all()
    # With the slopes alone what is left is which samples a batch holds, so plans that hold all have no bias.
    partition = rows[(rows.snapshot == "embeddings") & rows.selector.isin(["SGD", "SC", "SwapSearch"])]
    assert (partition.bias < 1e-6).all() and (partition.total > 1e-3).all()
    assert (rows[rows.snapshot == "none"].bias > 0.1).all()


def test_equal_seeds_give_equal_tables(noise):
    pd.testing.assert_frame_equal(noise, noise_of_seed(SMALL, 5, [0, 4], 20, 6, seed=0))


def test_a_problem_without_two_batches_is_refused():
    with pytest.raises(ValueError, match="samples=5 must be >= 8"):
        Problem(5, 6, 3, 4, 0.2, 1.0, 0.05)
