"""The assignment to clusters of given sizes: its cost against the Hungarian method and brute force, and its errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from replication.selection.kernels.assignment import assign_to_sizes, even_assignment, hungarian_assignment


def random_costs(samples, clusters, ties, seed):
    costs = np.random.default_rng(seed).uniform(0, 4, size=(samples, clusters))
    return costs.round() if ties else costs


def total(costs, cluster):
    return costs[np.arange(len(costs)), cluster].sum()


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5), ties=st.booleans(), seed=st.integers(0, 10**6))
def test_any_sizes_are_filled_at_the_cost_that_the_hungarian_method_finds(sizes, ties, seed):
    costs = random_costs(sum(sizes), len(sizes), ties, seed)
    cluster = assign_to_sizes(costs, np.array(sizes))
    assert np.bincount(cluster, minlength=len(sizes)).tolist() == sizes
    places = np.repeat(costs, sizes, axis=1)
    assert total(costs, cluster) == pytest.approx(places[linear_sum_assignment(places)].sum(), abs=1e-9)


@pytest.mark.parametrize("assign", [even_assignment, hungarian_assignment])
@pytest.mark.parametrize("seed", range(5))
def test_even_assignments_are_the_best_of_all(assign, seed):
    costs = random_costs(6, 3, False, seed)
    every = {order for order in itertools.product(range(3), repeat=6) if all(order.count(c) == 2 for c in range(3))}
    assert len(every) == 90
    cluster = assign(costs)
    assert tuple(cluster) in every
    assert total(costs, cluster) == pytest.approx(min(total(costs, np.array(order)) for order in every), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(k=st.integers(2, 6), size=st.integers(2, 6), ties=st.booleans(), seed=st.integers(0, 10**6))
def test_both_even_assignments_cost_the_same(k, size, ties, seed):
    costs = random_costs(k * size, k, ties, seed)
    clusters = [assign(costs) for assign in (even_assignment, hungarian_assignment)]
    for cluster in clusters:
        assert (np.bincount(cluster, minlength=k) == size).all()
    assert total(costs, clusters[0]) == pytest.approx(total(costs, clusters[1]), abs=1e-9)


@pytest.mark.parametrize("sizes", [[2, 2], [6, 0], [2.5, 3.5], [5], [2, 2, 2]])
def test_sizes_that_do_not_fit_are_refused(sizes):
    with pytest.raises(ValueError, match=r"^sizes=\[.*\] must be 2 whole numbers >= 1 that add up to N=6$"):
        assign_to_sizes(np.ones((6, 2)), np.array(sizes))


@pytest.mark.parametrize("assign", [even_assignment, hungarian_assignment])
def test_samples_that_do_not_divide_evenly_are_refused(assign):
    with pytest.raises(ValueError, match=r"^distances has shape \[7, 2\]; the number of samples must be a multiple"):
        assign(np.ones((7, 2)))


def test_costs_of_many_orders_of_magnitude_are_no_harder():
    """As the distances of exp(w) are: one sample may lie ten orders farther than another."""
    random = np.random.default_rng(0)
    points = random.normal(size=(200, 3)) * 10.0 ** random.uniform(-10, 1, size=(200, 1))
    costs = np.linalg.norm(random.normal(size=(10, 3)) - points[:, None], axis=2)
    cluster = even_assignment(costs)
    assert (np.bincount(cluster) == 20).all()
    assert total(costs, cluster) == pytest.approx(total(costs, hungarian_assignment(costs)), rel=1e-9)


def test_costs_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match=r"^costs must be finite numbers$"):
        assign_to_sizes(np.full((4, 2), np.nan), np.array([2, 2]))
