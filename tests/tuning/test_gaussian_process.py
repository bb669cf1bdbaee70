"""The process against scikit-learn's, and its length scales against their neighbours."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from replication.tuning import fit
from replication.tuning.gaussian_process import SIZE, SMOOTH, matern


def problem(seed=0, n=12, d=2, noise=0.1):
    """Return points, values of a smooth function with errors, and the variances of these errors."""
    draw = np.random.default_rng(seed)
    x, noise = draw.random((n, d)), noise * draw.random(n)
    y = 5 + np.sin(4 * x).sum(axis=1) + noise**0.5 * draw.standard_normal(n)
    return torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(noise)


def sklearns(process, y=None):
    kernel = ConstantKernel(process.variance) * Matern(process.lengths.numpy(), nu=2.5)
    oracle = GaussianProcessRegressor(kernel, alpha=process.noise.numpy(), optimizer=None)
    return oracle.fit(process.x.numpy(), (process.y - process.centre).numpy() if y is None else y)


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("d", [1, 3])
def test_mean_and_covariance_are_those_of_scikit_learn(d, noise):
    x, y, noise = problem(d=d, noise=noise)
    process = fit(x, y, noise)
    points = torch.rand(30, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mean, covariance = process.posterior(points)
    expected, spread = sklearns(process).predict(points.numpy(), return_cov=True)
    np.testing.assert_allclose(mean, expected + process.centre, atol=1e-7)
    np.testing.assert_allclose(covariance, spread, atol=1e-7)


def test_without_noise_the_values_are_met_and_sigma_there_is_nil():
    x, y, _ = problem()
    mean, covariance = fit(x, y).posterior(x)
    torch.testing.assert_close(mean, y, atol=1e-4, rtol=0)
    assert covariance.diagonal().abs().max() < 1e-6


def test_far_from_all_points_the_prior_is_left():
    x, y, noise = problem()
    process = fit(x, y, noise)
    mean, covariance = process.posterior(x + 1e4)
    torch.testing.assert_close(mean, torch.full_like(mean, float(y.mean())))
    torch.testing.assert_close(covariance.diagonal(), torch.full_like(mean, process.variance))


def log_posterior(x, y, noise, logs):
    """Return that of [log lengths, log variance] for values scaled to variance 1, by scikit-learn's likelihood."""
    y, noise = (y - y.mean()) / y.std(correction=0), noise / y.var(correction=0)
    kernel = ConstantKernel(1.0) * Matern(np.ones(len(logs) - 1), nu=2.5)
    oracle = GaussianProcessRegressor(kernel, alpha=noise.clamp(min=1e-8).numpy(), optimizer=None).fit(x.numpy(), y.numpy())
    prior = (((logs[:-1] - math.log(SMOOTH[0])) / SMOOTH[1]) ** 2).sum() + ((logs[-1] - SIZE[0]) / SIZE[1]) ** 2
    return oracle.log_marginal_likelihood(np.array([logs[-1], *logs[:-1]])) - prior / 2


@pytest.mark.parametrize("seed", range(4))
def test_no_length_scales_nearby_or_at_random_are_more_probable(seed):
    x, y, noise = problem(seed)
    process = fit(x, y, noise)
    found = np.log([*process.lengths.tolist(), process.variance / float(y.var(correction=0))])
    best, draw = log_posterior(x, y, noise, found), np.random.default_rng(seed)
    others = [found + step * draw.standard_normal(3) for step in (0.01, 0.1, 1.0) for _ in range(20)]
    assert max(log_posterior(x, y, noise, other) for other in others) <= best + 1e-6


def test_a_coordinate_that_does_nothing_gets_the_longer_scale():
    x = torch.rand(30, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    lengths = fit(x, (9 * x[:, 0]).sin()).lengths
    assert lengths[1] > 3 * lengths[0]


def test_units_do_not_matter():
    x, y, noise = problem()
    points = torch.rand(5, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mean, covariance = fit(x, y, noise).posterior(points)
    shifted, scaled = fit(x, 1000 * y - 7, 1e6 * noise).posterior(points)
    torch.testing.assert_close(shifted, 1000 * mean - 7, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(scaled, 1e6 * covariance, rtol=1e-4, atol=1)


def test_a_noisy_value_is_believed_less():
    x, y, _ = problem()
    process = fit(x, y, 0.0)
    loud = replace(process, noise=process.noise.index_fill(0, torch.tensor([3]), 100.0))
    certain, doubtful = (p.posterior(x[3:4])[1].item() for p in (process, loud))
    assert doubtful > 100 * certain


def test_equal_values_and_a_single_one_give_a_flat_process():
    x, _, _ = problem()
    for count in (1, 5):
        mean, covariance = fit(x[:count], torch.full((count,), 3.0)).posterior(x)
        torch.testing.assert_close(mean, torch.full((12,), 3.0, dtype=torch.float64))
        assert torch.isfinite(covariance).all()


def test_points_that_come_twice_do_not_break_it():
    x, y, _ = problem()
    mean, _ = fit(torch.cat([x, x]), torch.cat([y, y])).posterior(x)
    torch.testing.assert_close(mean, y, atol=1e-3, rtol=0)


def test_the_kernel_is_that_of_scikit_learn():
    x, _, _ = problem(d=3)
    lengths = torch.tensor([0.2, 1.0, 3.0], dtype=torch.float64)
    np.testing.assert_allclose(matern(x, x, lengths), Matern(lengths.numpy(), nu=2.5)(x.numpy()), atol=1e-12)


STATES = {
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "on the meta device": lambda: torch.device("meta"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("made_inside", [False, True])
def test_the_callers_torch_settings_do_not_matter(state, made_inside):
    x, y, noise = problem()
    expected = fit(x, y, noise).posterior(x)
    with STATES[state]():
        inputs = [x.clone(), y.clone(), noise.clone()] if made_inside else [x, y, noise]
        found = fit(*inputs).posterior(inputs[0])
    for mine, other in zip(found, expected, strict=True):
        assert torch.equal(mine, other) and not mine.is_inference() and not mine.requires_grad


ONE, NAN = torch.ones(3), torch.tensor([1.0, math.nan, 1.0])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[0.5]], ONE), TypeError, r"x is list; it must be a tensor of shape \[n, d\]"),
        ((ONE, ONE), ValueError, r"x has shape \[3\]; it must be \[n, d\] with n >= 1"),
        ((torch.ones(0, 2), ONE[:0]), ValueError, r"x has shape \[0, 2\]; it must be \[n, d\] with n >= 1"),
        ((NAN.view(3, 1), ONE), ValueError, r"x\[1, 0\] is NaN or infinite; all must be finite"),
        ((ONE.view(3, 1), ONE[:2]), ValueError, r"y has shape \[2\]; it must be \[3\], one for each point"),
        ((ONE.view(3, 1), NAN), ValueError, r"y\[1\] is NaN or infinite"),
        ((ONE.view(3, 1), "high"), TypeError, r"y is str; it must be a tensor of shape \[n\]"),
        ((ONE.view(3, 1), ONE, -ONE), ValueError, r"noise\[0\]=-1.0 must be >= 0; it is a variance"),
        ((ONE.view(3, 1), ONE, ONE[:1]), ValueError, r"noise has shape \[1\]; it must be \[3\]"),
        ((ONE.view(3, 1).to("meta"), ONE), ValueError, r"x is on the meta device, which holds no values"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        fit(*arguments)
    assert "\n" not in str(caught.value)


def test_points_of_another_dimension_are_refused():
    x, y, _ = problem()
    with pytest.raises(ValueError, match=r"points has shape \[12, 1\]; it must be \[n, 2\] with n >= 1"):
        fit(x, y).posterior(x[:, :1])
