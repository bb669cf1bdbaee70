"""Holm's correction against its step-down procedure, and what it must keep."""

import numpy as np
import pytest

from replication.evaluation import holm


def rejected_by_steps(p, level):
    """The procedure as it is published: go up from the smallest value, and stop at the first that is too large."""
    order, rejected = sorted(range(len(p)), key=lambda place: p[place]), set()
    for step, place in enumerate(order):
        if p[place] > level / (len(p) - step):
            break
        rejected.add(place)
    return rejected


@pytest.mark.parametrize("seed", range(5))
def test_it_rejects_what_the_procedure_rejects(seed):
    p = np.random.default_rng(seed).random(12) ** 4
    for level in (0.01, 0.05, 0.2, 0.7):
        assert set(np.flatnonzero(holm(p) <= level)) == rejected_by_steps(p, level)


def test_a_known_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_value_stays_and_none_is_none():
    assert holm([0.3]) == pytest.approx([0.3])
    assert len(holm([])) == 0


def test_order_stays_and_none_exceeds_one():
    p = np.array([0.5, 0.9, 0.2])
    assert np.all(np.diff(holm(p)[np.argsort(p)]) >= 0) and holm(p).max() <= 1


@pytest.mark.parametrize(
    ("p", "message"), [([0.5, float("nan")], "p holds nan"), ([1.5], "p holds 1.5"), ([[0.1]], "p has shape")]
)
def test_bad_values_are_named(p, message):
    with pytest.raises(ValueError, match=message):
        holm(p)
