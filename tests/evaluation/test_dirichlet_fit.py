"""Dirichlet fits: every majorised step goes down, its limit is Newton's and SciPy's, and what has no maximum stays finite."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from replication.evaluation.dirichlet_fit import _guarded_step, fit_dirichlet, majorised_step, mean_negative_log_likelihood


def observed(count, alpha, seed=0):
    """Return the mean logarithms [R, K] of `count` draws from each row of `alpha` [R, K]."""
    generator = np.random.default_rng(seed)
    draws = [generator.dirichlet(row, count) for row in np.atleast_2d(alpha)]
    return torch.tensor(np.log(np.maximum(draws, 1e-15)).mean(axis=1))


WELL_FILLED = observed(40, [[0.4, 2.0, 5.0], [1.0, 1.0, 1.0], [6.0, 4.0, 0.2], [0.1, 0.1, 0.1]])


def test_the_likelihood_is_that_of_scipy():
    alpha, y = np.array([0.4, 2.0, 5.0]), WELL_FILLED[0].numpy()
    expected = gammaln(alpha).sum() - gammaln(alpha.sum()) - alpha @ y
    assert float(mean_negative_log_likelihood(torch.tensor(alpha), torch.tensor(y))) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([majorised_step, _guarded_step]),
    st.integers(2, 6),
    st.integers(1, 5),
    st.floats(-8, 4),
    st.integers(0, 10**6),
)
def test_no_step_goes_up(step, classes, count, scale, seed):
    """From anywhere, also where there is no minimum (one observation)."""
    generator = np.random.default_rng(seed)
    mean_logs = observed(count, generator.gamma(1, size=classes) + 0.05, seed)
    alpha = torch.tensor(10.0 ** (scale + generator.normal(size=(1, classes))))
    for _ in range(10):
        new = step(alpha, mean_logs)
        before, after = (mean_negative_log_likelihood(each, mean_logs) for each in (alpha, new))
        assert (new > 0).all() and after <= before + 1e-12 * (1 + alpha.lgamma().abs().sum() + before.abs())
        alpha = new


def test_the_limit_of_majorised_steps_is_the_fit():
    alpha = torch.ones_like(WELL_FILLED)
    for _ in range(800):
        alpha = majorised_step(alpha, WELL_FILLED)
    fitted, capped = fit_dirichlet(WELL_FILLED)
    torch.testing.assert_close(alpha, fitted, rtol=1e-9, atol=0)
    assert not capped.any()


def test_the_fit_is_scipys_and_stationary():
    fitted, _ = fit_dirichlet(WELL_FILLED)
    for alpha, y in zip(fitted.numpy(), WELL_FILLED.numpy(), strict=True):

        def objective(logs, y=y):
            a = np.exp(logs)
            return gammaln(a).sum() - gammaln(a.sum()) - a @ y, a * (digamma(a) - digamma(a.sum()) - y)

        found = minimize(objective, np.zeros(3), jac=True, method="BFGS", options={"gtol": 1e-10})
        np.testing.assert_allclose(alpha, np.exp(found.x), rtol=1e-6)
        np.testing.assert_allclose(digamma(alpha) - digamma(alpha.sum()), y, atol=1e-11)


def test_many_draws_give_their_distribution_back():
    alpha = torch.tensor([[0.5, 3.0, 8.0, 1.0]], dtype=torch.float64)
    fitted, _ = fit_dirichlet(observed(50_000, alpha.numpy()))
    torch.testing.assert_close(fitted, alpha, rtol=0.03, atol=0)


def test_one_observation_has_no_maximum_and_is_capped():
    z = torch.tensor([[0.7, 0.2, 0.1]], dtype=torch.float64)
    growing = [float(mean_negative_log_likelihood(scale * z, z.log())) for scale in (1e2, 1e4, 1e6)]
    assert growing[0] > growing[1] + 1 > growing[2] + 2  # the likelihood only grows
    for largest in (100.0, 1e4, 1e6):
        fitted, capped = fit_dirichlet(z.log(), largest)
        assert capped.all() and largest / 3 < fitted.sum() <= largest
        torch.testing.assert_close(fitted / fitted.sum(), z, atol=0.02, rtol=0)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 8), st.integers(0, 9), st.floats(0.9, 6), st.integers(0, 10**6))
def test_no_concentration_exceeds_the_bound_and_nothing_is_nan(classes, spread, magnitude, seed):
    """Observations from nearly equal to very different, some of them corners of the simplex."""
    generator = np.random.default_rng(seed)
    logs = np.log(generator.dirichlet(np.full(classes, 0.1), 3) + 1e-15)
    mean_logs = torch.tensor(logs[:1] + 10.0**-spread * (logs.mean(axis=0) - logs[:1]))
    largest = max(10.0**magnitude, classes)
    fitted, _ = fit_dirichlet(mean_logs, largest)
    assert (fitted > 0).all() and fitted.sum() <= largest * (1 + 1e-9)


def test_rows_do_not_depend_on_each_other():
    mixed = torch.cat([WELL_FILLED, torch.tensor([[0.7, 0.2, 0.1]], dtype=torch.float64).log()])
    together, capped = fit_dirichlet(mixed)
    assert capped.tolist() == [False] * 4 + [True]
    for row in range(5):
        alone, _ = fit_dirichlet(mixed[row : row + 1])
        torch.testing.assert_close(alone[0], together[row], rtol=1e-12, atol=0)


def test_steps_that_do_not_suffice_are_told():
    _, capped = fit_dirichlet(WELL_FILLED, max_steps=1)
    assert capped.all()


def test_wrong_inputs_raise_one_clear_line():
    y = WELL_FILLED
    cases = [
        (ValueError, "max_steps=0 must be >= 1", lambda: fit_dirichlet(y, max_steps=0)),
        (ValueError, "largest=inf must be a finite number > 0", lambda: fit_dirichlet(y, float("inf"))),
        (ValueError, "largest=2 must be >= K=3", lambda: fit_dirichlet(y, 2)),
        (ValueError, "mean_logs has 4 of 4 rows with NaN", lambda: fit_dirichlet(y * torch.nan)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)
