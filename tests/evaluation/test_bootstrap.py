"""The paired bootstrap against a slow loop, a closed form, and what must not matter."""

import numpy as np
import pytest

from replication.evaluation import bootstrap
from replication.evaluation.bootstrap import paired_bootstrap

RANDOM = np.random.default_rng(0)
FIRST, SECOND = RANDOM.random((3, 60)), RANDOM.random((2, 60)) - 0.1


def test_it_equals_a_slow_loop(monkeypatch):
    """The same draws, one resample and one query after the other; blocks do not matter."""
    clusters = np.arange(60) // 4
    monkeypatch.setattr(bootstrap, "BLOCK", 15 * 7)
    found = paired_bootstrap(FIRST, SECOND, clusters, repeats=200, seed=3)
    differences = FIRST.mean(axis=0) - SECOND.mean(axis=0)
    generator, means = np.random.default_rng(3), []
    for _ in range(200):
        counts = generator.multinomial(15, np.full(15, 1 / 15))
        drawn = [cluster for cluster, count in enumerate(counts) for _ in range(count)]
        sample = [differences[4 * cluster + place] for cluster in drawn for place in range(4)]
        means.append(sum(sample) / len(sample))
    assert found.difference == pytest.approx(differences.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))
    assert found.p == pytest.approx(2 * (1 + min(np.sum(np.array(means) <= 0), np.sum(np.array(means) >= 0))) / 201)


def test_its_width_is_that_of_the_standard_error():
    values = np.random.default_rng(1).standard_normal(400)
    found = paired_bootstrap(values, np.zeros(400))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)


def test_queries_drawn_together_say_less():
    values = np.repeat(np.random.default_rng(1).standard_normal(50), 5)
    apart, together = (paired_bootstrap(values, np.zeros(250), c) for c in (None, np.arange(250) // 5))
    assert together.high - together.low > 1.8 * (apart.high - apart.low)


def test_equal_methods_do_not_differ():
    found = paired_bootstrap(FIRST, FIRST)
    assert (found.difference, found.low, found.high, found.p) == (0, 0, 0, 1)
    assert paired_bootstrap(FIRST + 1, FIRST).p == pytest.approx(2 / 2001)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((FIRST, SECOND[:, :50]), r"second has shape \[2, 50\]; it must be \[seeds, 60\] or \[60\], as first"),
        ((FIRST[:, :0], SECOND), r"first has shape \[3, 0\]; it must be \[seeds, Q\] or \[Q\], none of them 0"),
        ((FIRST * np.nan, SECOND), "first has 180 values that are NaN or infinite"),
        ((FIRST.astype(str), SECOND), "first is <U.*; it must be numbers"),
        ((FIRST, SECOND, np.zeros(60, int)), "clusters holds only one; a bootstrap needs two or more"),
        ((FIRST, SECOND, np.zeros(50, int)), r"clusters is int64 \[50\]; it must be integers \[60\]"),
        ((FIRST, SECOND, None, 10), "repeats=10 must be >= 100"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        paired_bootstrap(*arguments)
