import pytest
import torch

from replication.experiments.neighbours.control_variates import Amortised, BestForBatch, Drawn, OneForAll, solve
from replication.experiments.neighbours.gradient_noise import Problem, drawn_gradients
from replication.experiments.neighbours.image_views import digit_views
from replication.experiments.neighbours.inputs import first_weights

PROBLEM = Problem(samples=200, dimensions=10, outputs=6, batch_size=4, temperature=0.5, strength=0.02, rate=0.05)
BATCH = torch.tensor([5, 1, 7, 30])


def amounts(draws, seed=0):
    return torch.randn(draws, 2, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def normal(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_gradient_linear_in_the_amounts_has_no_noise_left():
    drawn, fresh = amounts(200), amounts(50, seed=2)
    slope = normal(32, 18)
    variate = BestForBatch().fit([Drawn(BATCH, drawn, 7 + drawn.flatten(1) @ slope)])
    left = fresh.flatten(1) @ slope - variate.removed(BATCH, fresh)
    assert left.abs().max() < 1e-6


def test_one_for_all_finds_the_coefficients_that_all_batches_share():
    drawn, slope = [amounts(50, seed) for seed in range(3)], normal(4, 18)
    parts = [Drawn(BATCH, part, seed + part.sum(dim=(1, 2)) @ slope) for seed, part in enumerate(drawn)]
    fresh = amounts(20, seed=9)
    assert torch.allclose(OneForAll().fit(parts).removed(BATCH, fresh), fresh.sum(dim=(1, 2)) @ slope, atol=1e-6)


@pytest.fixture(scope="module")
def setting():
    views, weights = digit_views(200, 10, PROBLEM.strength, 0), first_weights(6, 10, 0)
    generator = torch.Generator().manual_seed(0)

    def draw(batch, count):
        return Drawn(batch, *drawn_gradients(PROBLEM, views, weights, batch, count, generator))

    batches = torch.stack([torch.randperm(200, generator=generator)[:4] for _ in range(100)])
    return Amortised(views, weights, 0.5).fit([draw(batch, 20) for batch in batches]), draw


def variance(drawn, variate):
    left = drawn.gradients - variate.removed(drawn.batch, drawn.amounts)
    return float(left.var(dim=0).sum() / drawn.gradients.var(dim=0).sum())


def test_where_views_are_mild_the_amortised_removes_most_and_the_best_nearly_all(setting):
    amortised, draw = setting
    best = BestForBatch().fit([draw(BATCH, 400)])
    fresh = draw(BATCH, 200)
    assert variance(fresh, best) < 0.05
    assert variance(fresh, best) < variance(fresh, amortised) < 0.8


def test_removal_is_unbiased_on_fresh_views(setting):
    amortised, draw = setting
    fresh = draw(BATCH, 2000)
    removed = amortised.removed(BATCH, fresh.amounts)
    along = removed @ normal(60, 1)
    assert abs(along.mean()) < 3 * along.std() / 2000**0.5
    assert torch.allclose(amortised.removed(BATCH, -fresh.amounts), -removed)  # odd in the amounts, so of mean 0


def test_the_order_of_samples_does_not_matter_where_coefficients_are_shared(setting):
    amortised, _ = setting
    drawn, order = amounts(5), torch.tensor([2, 0, 3, 1])
    assert torch.allclose(amortised.removed(BATCH, drawn), amortised.removed(BATCH[order], drawn[:, :, order]), atol=1e-10)


def test_solve_is_least_squares():
    x, y = normal(2, 30, 3), normal(2, 30, 2, seed=4)
    wanted = torch.linalg.lstsq(x, y).solution
    assert torch.allclose(solve(x.mT @ x, x.mT @ y), wanted, atol=1e-6)
