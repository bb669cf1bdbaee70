"""The transport against the Hungarian method, on costs of every kind; it always ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from replication.selection.kernels.assignment import SMALL, assign_to_sizes
from replication.selection.kernels.transport import transport


def costs_of(kind, clusters, samples, seed):
    """Return costs [k, N]; "far" ones span eleven orders of magnitude, as the distances of exp(w) do."""
    random = np.random.default_rng(seed)
    points, centres = (random.normal(size=(count, 3)) for count in (samples, clusters))
    if kind == "far":
        points *= 10.0 ** random.uniform(-10, 1, size=(samples, 1))
    costs = np.linalg.norm(centres[:, None] - points, axis=2)
    return {"ties": costs.round(), "equal": np.ones_like(costs), "negative": -costs}.get(kind, costs)


@settings(max_examples=80, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=9),
    kind=st.sampled_from(["distances", "far", "ties", "equal", "negative"]),
    seed=st.integers(0, 10**6),
)
def test_the_sizes_are_filled_at_the_least_cost(sizes, kind, seed):
    costs = costs_of(kind, len(sizes), sum(sizes), seed)
    cluster = transport(costs, np.array(sizes))
    assert np.bincount(cluster, minlength=len(sizes)).tolist() == sizes
    places = np.repeat(costs.T, sizes, axis=1)
    expected = places[linear_sum_assignment(places)].sum()
    assert costs[cluster, np.arange(len(cluster))].sum() == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("kind", ["distances", "far", "ties"])
def test_problems_of_all_sizes_cost_the_same_whoever_solves_them(kind, monkeypatch):
    """Small ones are solved here, large ones by POT."""
    costs = costs_of(kind, 20, 400, 0).T
    totals = []
    for limits in (SMALL, (0, 0)):
        monkeypatch.setattr("replication.selection.kernels.assignment.SMALL", limits)
        cluster = assign_to_sizes(costs, np.full(20, 20))
        assert (np.bincount(cluster) == 20).all()
        totals.append(costs[np.arange(400), cluster].sum())
    assert totals[0] == pytest.approx(totals[1], rel=1e-9)


def test_costs_that_are_no_numbers_are_an_error_not_an_endless_search():
    with pytest.raises(ValueError, match="costs must be finite numbers"):
        transport(np.full((2, 4), np.nan), np.array([2, 2]))
