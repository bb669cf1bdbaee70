import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from replication.experiments.osgd_toy.ordered_objective import (
    all_draws,
    check_objective,
    disjoint_candidates,
    disjoint_draws,
    gamma,
    gradient_gap,
    kept_shares,
)
from replication.selection import AllBatches


@st.composite
def cases(draw):
    n = draw(st.integers(2, 60))
    k = draw(st.integers(1, n))
    return n, k, draw(st.integers(1, k))


@settings(deadline=None, max_examples=50)
@given(cases())
def test_gamma_is_a_hypergeometric_probability(case):
    n, k, q = case
    rank = np.arange(1, n + 1)
    # Drawn (k / n), and at most q - 1 of the other k - 1 among the rank - 1 batches above.
    assert np.allclose(gamma(n, k, q), k / n * hypergeom(n - 1, rank - 1, k - 1).cdf(q - 1), rtol=1e-9, atol=1e-14)


@settings(deadline=None, max_examples=50)
@given(cases())
def test_gamma_falls_with_the_rank_and_adds_up_to_q(case):
    weights = gamma(*case)
    assert weights.sum() == pytest.approx(case[2])
    assert (np.diff(weights) <= 1e-15).all()


def test_gamma_when_all_that_are_drawn_are_kept_is_sgd():
    assert np.allclose(gamma(7, 3, 3), 3 / 7)


@pytest.mark.parametrize(("arguments", "name"), [((0, 1, 1), "n"), ((5, 6, 1), "k"), ((5, 3, 4), "q"), ((5, 3, 0), "q")])
def test_gamma_names_a_bad_argument(arguments, name):
    with pytest.raises(ValueError, match=f"^{name}="):
        gamma(*arguments)


def test_kept_shares_against_a_loop():
    losses = torch.rand(6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    by_loss = losses.argsort(descending=True).tolist()
    counts = np.zeros(6)
    for draw in itertools.combinations(range(6), 4):
        for batch in sorted(draw, key=by_loss.index)[:2]:
            counts[by_loss.index(batch)] += 1
    assert np.allclose(kept_shares(losses, all_draws(6, 4), 2), counts / math.comb(6, 4))


def test_gradients_agree_over_all_draws_but_not_over_partitions():
    generator = torch.Generator().manual_seed(5)
    u, v = (torch.nn.functional.normalize(torch.randn(4, 3, generator=generator).double(), dim=1) for _ in range(2))
    batches = AllBatches(2).plan(4)
    assert gradient_gap(u, v, batches, all_draws(6, 2), 1) < 1e-12
    assert gradient_gap(u, v, batches, disjoint_draws(batches), 1) > 0.01


@pytest.mark.parametrize(("samples", "count"), [(4, 3), (6, 15)])
def test_disjoint_draws_are_the_perfect_matchings(samples, count):
    batches = AllBatches(2).plan(samples)
    draws = disjoint_draws(batches)
    assert len(draws) == count
    assert all(sorted(batches[draw].flatten().tolist()) == list(range(samples)) for draw in draws)


def test_check_objective_and_disjoint_candidates():
    summary, curves = check_objective([[4, 3, 2], [8, 14, 2]], 400)
    assert summary["enumerated gap"].iloc[0] == 0
    assert np.isnan(summary["enumerated gap"].iloc[1])  # C(28, 14) draws
    assert (summary["simulated, standard errors"] < summary["allowed, standard errors"]).all()
    assert curves.groupby("n")["gamma"].sum().tolist() == pytest.approx([2, 2])
    assert (disjoint_candidates([4])["largest gap to gamma"] > 0.01).all()
    with pytest.raises(ValueError, match=r"^samples=10 must be"):
        disjoint_candidates([10])
