"""The instance-wise form of the partial AUC against means over pairs, its min-max solution, and its derivatives."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import Duals, optimal_duals, partial_auc_loss
from replication.losses.partial_auc_form import dual_gradients, instance_wise, projected


def scores(positives, negatives, seed=0):
    generator = torch.Generator().manual_seed(seed)
    draw = [torch.rand(count, dtype=torch.float64, generator=generator) for count in (positives, negatives)]
    return 0.3 + 0.7 * draw[0], 0.8 * draw[1]


def over_pairs(positive, negative, share):
    """Return the mean of (1 - (f - f'))^2 over all positives and the top negatives, the last of them by a fraction."""
    left, total = share * len(negative), 0.0
    for score in negative.sort(descending=True).values:
        weight = min(1.0, max(0.0, left))
        total = total + weight * ((1 - positive + score) ** 2).mean()
        left -= 1
    return total / (share * len(negative))


def changed(duals, name, by):
    return duals._replace(**{name: getattr(duals, name) + by})


@given(st.integers(1, 12), st.integers(5, 30), st.sampled_from([1.0, 0.5, 0.3, 0.25]), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_at_its_solution_it_is_the_mean_over_pairs(positives, negatives, share, seed):
    positive, negative = scores(positives, negatives, seed)
    duals = optimal_duals(positive, negative, share)
    found = partial_auc_loss(positive, negative, duals, share)
    torch.testing.assert_close(found, over_pairs(positive, negative, share), rtol=1e-12, atol=1e-12)


def least_over_threshold(positive, negative, duals, share):
    """Minimise over the threshold: the loss is convex there, with corners at the terms of the negatives."""
    corners = (negative - duals.b).square() + 2 * (1 + duals.gamma) * negative
    return min(partial_auc_loss(positive, negative, duals._replace(threshold=s), share) for s in corners)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.1])
def test_it_solves_the_min_max_problem(share):
    positive, negative = scores(15, 40)
    duals = optimal_duals(positive, negative, share)
    torch.testing.assert_close(projected(duals), duals)
    best = partial_auc_loss(positive, negative, duals, share)
    torch.testing.assert_close(least_over_threshold(positive, negative, duals, share), best)
    gammas = torch.linspace(float(duals.b) - 1, 1, 40, dtype=torch.float64)
    inner = [least_over_threshold(positive, negative, duals._replace(gamma=gamma), share) for gamma in gammas]
    assert max(inner) <= best < max(inner) + 1e-2
    for name, step in ((name, step) for name in ("a", "b") for step in (-0.1, -0.02, 0.02, 0.1)):
        at_this_gamma = least_over_threshold(positive, negative, changed(duals, name, step), share)
        assert at_this_gamma > best  # and the maximum over gamma is at least that


def test_with_the_threshold_held_another_gamma_may_give_more():
    """So the order of the max over gamma and the min over the threshold matters."""
    positive, negative = scores(15, 40)
    duals = optimal_duals(positive, negative, 0.3)
    best = partial_auc_loss(positive, negative, duals, 0.3)
    assert partial_auc_loss(positive, negative, changed(duals, "gamma", -0.2), 0.3) > best + 0.05


@pytest.mark.parametrize("slower", [0.25, 1.0])
def test_steps_settle_where_gamma_is_slower_and_may_not_where_all_are_equal(slower):
    """Scores close together around the threshold, and almost no smoothing."""
    positive, negative = scores(15, 400)
    negative = 0.75 + 0.1 * negative
    share, rates = 0.3, Duals(-0.05, -0.05, 0.05 * slower, -0.05)
    expected = optimal_duals(positive, negative, share)
    duals = expected._replace(gamma=expected.gamma + 0.02)
    for _ in range(600):
        steps = dual_gradients(positive, negative, duals, share, 1e3)
        duals = projected(Duals(*(x + rate * step for x, rate, step in zip(duals, rates, steps, strict=True))))
    assert (abs(float(duals.gamma - expected.gamma)) < 0.01) == (slower < 1)


def test_the_gradient_by_the_scores_is_that_of_the_mean_over_pairs():
    positive, negative = (x.requires_grad_() for x in scores(6, 20))
    with torch.no_grad():
        duals = optimal_duals(positive, negative, 0.3)
    mine = torch.autograd.grad(partial_auc_loss(positive, negative, duals, 0.3), (positive, negative))
    expected = torch.autograd.grad(over_pairs(positive, negative, 0.3), (positive, negative))
    at_threshold = negative == negative.sort(descending=True).values[5]  # there the hinge has a corner
    torch.testing.assert_close(mine[0], expected[0])
    torch.testing.assert_close(mine[1][~at_threshold], expected[1][~at_threshold])


def test_smoothing_raises_the_value_by_at_most_its_bound_and_vanishes():
    positive, negative = scores(15, 40)
    duals, share = optimal_duals(positive, negative, 0.1), 0.1
    exact, last = partial_auc_loss(positive, negative, duals, share), math.inf
    for smoothing in (2, 20, 200, 1e4, 1e6):
        above = float(partial_auc_loss(positive, negative, duals, share, smoothing) - exact)
        assert 0 < above <= math.log(2) / smoothing / share and above < last
        last = above
    assert last < 1e-6


def test_the_authors_smoothing_is_far_from_the_limit_for_a_small_share():
    """Also at its own best threshold, which the smoothing moves."""
    positive, negative = scores(30, 200)
    duals, grid = optimal_duals(positive, negative, 0.1), torch.linspace(0, 5, 501, dtype=torch.float64)
    values = [partial_auc_loss(positive, negative, duals._replace(threshold=s), 0.1, smoothing=2) for s in grid]
    assert min(values) > partial_auc_loss(positive, negative, duals, 0.1) + 0.5


@pytest.mark.parametrize("smoothing", [3.0, 50.0, math.inf])
def test_the_derivatives_by_the_duals(smoothing):
    positive, negative = scores(8, 20)
    duals = Duals(*(torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.6, 0.3, -0.2, 0.7)))
    expected = torch.autograd.grad(partial_auc_loss(positive, negative, duals, 0.4, smoothing), duals)
    torch.testing.assert_close(tuple(dual_gradients(positive, negative, duals, 0.4, smoothing)), expected)


def test_large_arguments_do_not_overflow():
    positive, negative = (x.float() for x in scores(8, 20))
    duals = Duals(*(torch.tensor(x) for x in (0.6, 0.3, -0.2, 0.1)))
    sharp = partial_auc_loss(positive, negative, duals, 0.4, 1e6)
    torch.testing.assert_close(sharp, partial_auc_loss(positive, negative, duals, 0.4), rtol=1e-5, atol=0)


def test_projection_puts_each_dual_into_its_range():
    outside = Duals(*(torch.tensor(x) for x in (-1.0, 1.5, -0.3, 7.0)))
    assert [float(x) for x in projected(outside)] == [0, 1, 0, 5]  # b = 1 asks for gamma >= 0
    assert float(projected(outside._replace(b=torch.tensor(0.4), gamma=torch.tensor(-0.9))).gamma) == pytest.approx(-0.6)
    assert float(projected(outside._replace(gamma=torch.tensor(2.0))).gamma) == 1


def test_half_precision_and_duals_of_another_type():
    positive, negative = (x.bfloat16() for x in scores(8, 20))
    duals = optimal_duals(positive, negative, 0.4)
    assert duals.a.dtype == torch.float32
    found = partial_auc_loss(positive, negative, Duals(*(x.double() for x in duals)), 0.4)
    assert found.dtype == torch.float32
    assert torch.equal(found, instance_wise(positive.float(), negative.float(), duals, 0.4, math.inf))


def test_wrong_inputs_raise_one_clear_line():
    x = torch.rand(8)
    duals = optimal_duals(x, x, 0.5)
    cases = [
        (ValueError, "share=0.1 of 8 negatives is less than one; share must be >= 1/8", lambda: optimal_duals(x, x, 0.1)),
        (ValueError, "share=0 must be a finite number > 0", lambda: partial_auc_loss(x, x, duals, 0)),
        (ValueError, "share=2 must be <= 1, all negatives", lambda: partial_auc_loss(x, x, duals, 2)),
        (ValueError, "smoothing=0 must be a finite number > 0", lambda: partial_auc_loss(x, x, duals, 0.5, 0)),
        (TypeError, "positive is list; it must be a floating-point tensor of scores", lambda: optimal_duals([1.0], x, 0.5)),
        (ValueError, r"negative has shape \[2, 4\]; it must hold one or more", lambda: optimal_duals(x, x.view(2, 4), 0.5)),
        (ValueError, r"positive has shape \[0\]", lambda: partial_auc_loss(x[:0], x, duals, 0.5)),
        (ValueError, r"negative lies in -1..-1; scores must lie in 0..1", lambda: optimal_duals(x, -torch.ones(8), 0.5)),
        (ValueError, "positive lies in nan..nan; scores", lambda: optimal_duals(x * torch.nan, x, 0.5)),
        (TypeError, "duals.a is 0.5; it must be a floating-", lambda: partial_auc_loss(x, x, Duals(0.5, *duals[1:]), 0.5)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=f"^{message}") as error:
            call()
        assert "\n" not in str(error.value)
