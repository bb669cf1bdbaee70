"""The rule against brute force, refitted processes and what must not matter."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from replication.tuning import fit, ts_rsr
from replication.tuning.drawing import root_of, sample
from replication.tuning.ts_rsr import SLIGHT, conditioned, pick_in_turn, sampled_optima

GRID = torch.linspace(0, 1, 101, dtype=torch.float64).view(-1, 1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def process(noise=0.0, d=1, n=6, seed=0):
    x = torch.rand(n, d, generator=generator(seed), dtype=torch.float64)
    return fit(x, (7 * x).sin().sum(dim=1), noise)


@pytest.mark.parametrize("seed", range(5))
def test_one_pick_is_that_of_brute_force(seed):
    """All ratios on a grid, from scikit-learn's posterior."""
    made = process(seed=seed)
    mean, covariance = made.posterior(GRID)
    optimum = sampled_optima(mean, covariance, 1, generator(seed))
    kernel = ConstantKernel(made.variance) * Matern(made.lengths.numpy(), nu=2.5)
    oracle = GaussianProcessRegressor(kernel, alpha=made.noise.numpy(), optimizer=None).fit(made.x, made.y - made.centre)
    theirs, sigma = oracle.predict(GRID.numpy(), return_std=True)
    ratios = (float(optimum) - theirs - made.centre) / sigma
    assert ts_rsr(mean, covariance, 1, 0.0, generator(seed)).tolist() == [int(np.argmin(ratios))]


@pytest.mark.parametrize("noise", [1e-3, 0.3])
def test_conditioned_sigma_is_that_of_a_process_with_one_more_value_whatever_it_is(noise):
    made = process()
    _, covariance = made.posterior(GRID)
    found = conditioned(covariance, 40, noise)
    for dummy in (-50.0, 0.0, 3.0):
        more = replace(
            made,
            x=torch.cat([made.x, GRID[40:41]]),
            y=torch.cat([made.y, torch.tensor([dummy], dtype=torch.float64)]),
            noise=torch.cat([made.noise, torch.tensor([noise], dtype=torch.float64)]),
        )
        torch.testing.assert_close(found, more.posterior(GRID)[1], atol=1e-9, rtol=0)


def test_a_batch_is_that_of_picks_one_by_one_with_refitted_processes():
    made = process(d=2)
    points = torch.rand(60, 2, generator=generator(3), dtype=torch.float64)
    mean, covariance = made.posterior(points)
    optima = sampled_optima(mean, covariance, 4, generator())
    expected = []
    for optimum in optima:
        known = replace(
            made,
            x=torch.cat([made.x, points[expected]]),
            y=torch.cat([made.y, torch.zeros(len(expected), dtype=torch.float64)]),
            noise=torch.cat([made.noise, torch.full((len(expected),), 0.01, dtype=torch.float64)]),
        )
        sigma = known.posterior(points)[1].diagonal().sqrt()
        expected.append(int(((optimum - mean) / sigma).argmin()))
    assert len(set(expected)) == 4  # else masking would have a say
    assert pick_in_turn(mean, covariance, optima, 0.01).tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_without_noise_the_picks_of_a_batch_are_distinct_before_any_mask(seed):
    mean, covariance = process(seed=seed).posterior(GRID)
    optima = sampled_optima(mean, covariance, 6, generator(seed))
    picks = []
    for optimum in optima:
        sigma = covariance.diagonal().clamp(min=1e-14).sqrt()
        picks.append(int(((optimum - mean) / sigma).argmin()))
        covariance = conditioned(covariance, picks[-1], 0.0)
    assert len(set(picks)) == 6


@pytest.mark.parametrize("noise", [0.0, 0.5, 1e9])
def test_the_picks_of_a_batch_are_distinct(noise):
    mean, covariance = process().posterior(GRID)
    picks = ts_rsr(mean, covariance, 20, noise, generator())
    assert len(set(picks.tolist())) == 20
    assert sorted(ts_rsr(mean, covariance, 101, noise, generator()).tolist()) == list(range(101))


def test_the_order_of_the_candidates_does_not_matter():
    mean, covariance = process().posterior(GRID)
    optima = sampled_optima(mean, covariance, 5, generator())
    order = torch.randperm(101, generator=generator(1))
    picks = pick_in_turn(mean[order], covariance[order][:, order], optima, 0.01)
    assert order[picks].tolist() == pick_in_turn(mean, covariance, optima, 0.01).tolist()


def test_the_mean_matters_for_the_first_pick_and_sigma_for_the_next():
    """Two equal hills, far apart: a batch of two takes both."""
    mean, covariance = torch.tensor([1.0, 1.0, 0.9], dtype=torch.float64), torch.eye(3, dtype=torch.float64)
    covariance[0, 1] = covariance[1, 0] = 0.99  # the second hill is all but known with the first
    assert pick_in_turn(mean, covariance, torch.full((2,), 2.0, dtype=torch.float64), 0.0).tolist() == [0, 2]


def test_optima_lie_above_all_means():
    mean, covariance = process().posterior(GRID)
    optima = sampled_optima(mean, covariance, 200, generator())
    assert (optima > mean.max()).all()
    torch.testing.assert_close(optima, sampled_optima(mean, covariance, 200, generator()))


def test_optima_are_those_of_draws_that_exceed_all_means():
    """One candidate: a normal distribution cut off at its mean, whose mean is sqrt(2/pi)."""
    optima = sampled_optima(torch.zeros(1, dtype=torch.float64), torch.eye(1, dtype=torch.float64), 20_000, generator())
    assert abs(float(optima.mean()) - (2 / np.pi) ** 0.5) < 0.02


def test_where_no_draw_ever_exceeds_the_best_mean_the_optimum_is_slightly_above():
    mean = torch.tensor([10.0, 0.0], dtype=torch.float64)
    covariance = torch.tensor([[1e-40, 0.0], [0.0, 1.0]], dtype=torch.float64)
    optima = sampled_optima(mean, covariance, 3, generator())
    torch.testing.assert_close(optima, torch.full((3,), 10 + SLIGHT, dtype=torch.float64))
    assert pick_in_turn(mean, covariance, optima[:1], 0.0).tolist() == [1]  # 10.1 sigma below, not 0.1 over nothing


@pytest.mark.parametrize("rounding", [0.0, -1e-12])
def test_all_sigma_zero_is_one_clear_line(rounding):
    message = r"^sigma is zero at all 3 candidates: nothing is left to learn there; offer others, or a noise > 0$"
    with pytest.raises(ValueError, match=message):
        ts_rsr(torch.zeros(3), rounding * torch.eye(3, dtype=torch.float64), 1, 0.0, generator())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 4}, r"^count=4 must be >= 1 and <= 3 \(the number of candidates\)$"),
        ({"count": 0}, r"^count=0 must be >= 1 and <= 3"),
        ({"noise": -1.0}, r"^noise=-1.0 must be a finite number >= 0$"),
        ({"mean": torch.zeros(2)}, r"^mean has shape \[2\]; it must be \[3\], one for each point$"),
        ({"covariance": torch.ones(3, 2)}, r"^covariance has shape \[3, 2\]; it must be square$"),
        ({"covariance": torch.full((3, 3), torch.nan)}, r"^covariance\[0, 0\] is NaN or infinite; all must be finite$"),
    ],
)
def test_bad_input_is_one_clear_line(change, message):
    arguments = {"mean": torch.zeros(3), "covariance": torch.eye(3), "count": 1, "noise": 0.0, "generator": generator()}
    with pytest.raises(ValueError, match=message):
        ts_rsr(**arguments | change)


def test_draws_have_the_posteriors_moments():
    mean, covariance = process(noise=0.2).posterior(GRID[::25])
    draws = sample(mean, root_of(covariance), 40_000, generator())
    torch.testing.assert_close(draws.mean(dim=0), mean, atol=0.02, rtol=0)
    torch.testing.assert_close(draws.T.cov(), covariance, atol=0.02, rtol=0)


def test_a_singular_covariance_can_be_drawn_from_and_a_negative_one_cannot():
    ones = torch.ones(4, 4, dtype=torch.float64)
    draws = sample(torch.zeros(4, dtype=torch.float64), root_of(ones), 10, generator())
    assert (draws.max(dim=1).values - draws.min(dim=1).values).max() < 1e-4
    with pytest.raises(ValueError, match=r"covariance has a negative eigenvalue"):
        root_of(torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64)))
