"""The rules of the map on made-up numbers whose outcome is known."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE
from replication.experiments.map.judging import _p, against_longer, best_by_validation, outcome, rivals

GOOD = {"low": 1.0, "high": 3.0, "difference": 2.0, "p (Holm)": 0.01, "query low": 0.5, "query high": 3.5}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, BETTER),
        ({"low": -3.0, "high": -1.0, "difference": -2.0, "query low": -3.5, "query high": -0.5}, WORSE),
        ({"low": -0.3, "high": 0.9, "difference": 0.3, "p (Holm)": 1.0}, SAME),
        ({"low": 0.3, "high": 0.9, "difference": 0.6}, SAME),  # sure, but too small to matter
        ({"p (Holm)": 0.06}, UNDECIDED),
        ({"query low": -0.1}, UNDECIDED),  # other queries might say otherwise
        ({"p (Holm)": math.nan, "low": math.nan, "high": math.nan}, UNDECIDED),
    ],
)
def test_outcomes(changes, wanted):
    assert outcome(GOOD | changes, margin=1.0) == wanted


def test_p_is_that_of_the_paired_t_test():
    x, y = np.random.default_rng(0).random((2, 9))
    row = pd.Series({"n": 9, "difference": (x - y).mean(), "sd": (x - y).std(ddof=1)})
    assert _p(row) == pytest.approx(stats.ttest_rel(x, y).pvalue)
    assert _p(pd.Series({"n": 3, "difference": 0.0, "sd": 0.0})) == 1 and math.isnan(_p(pd.Series({"n": 1})))


def made_up():
    rows = [
        {"line": "rate of SGD", "B": b, "selector": name, "seed": seed, "R@10": test + 0.1 * seed, "validation R@10": val}
        for b, name, test, val in [
            (4, "SGD", 10.0, 99.0),
            (4, "mild", 12.0, 30.0),
            (4, "hard", 15.0, 20.0),
            (4, "SGD, 2 x epochs", 11.0, 98.0),
            (8, "SGD", 20.0, 99.0),
            (8, "mild", 19.0, 10.0),
            (8, "hard", 18.0, 11.0),
            (8, "SGD, 2 x epochs", 22.0, 98.0),
        ]
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def test_the_best_way_is_taken_by_validation_and_is_no_shuffling():
    assert best_by_validation(made_up(), "rate of SGD", ["SGD", "mild", "hard"]) == {4: "mild", 8: "hard"}


def test_against_longer_training():
    table = against_longer(made_up(), {4: "mild", 8: "hard"}, "SGD, 2 x epochs", 0.5)
    assert list(table.selector) == ["mild", "hard"] and list(table.difference) == pytest.approx([2.0, -2.0])
    assert list(table.baseline) == ["SGD", "SGD"]  # better on validation pairs, at both sizes
    assert list(table["R@10 of SGD, 2 x epochs"]) == pytest.approx([11.1, 22.1])


def test_the_rival_is_the_shuffled_batches_that_are_better_on_validation_pairs():
    runs = made_up()
    runs.loc[(runs["B"] == 8) & (runs.selector == "SGD, 2 x epochs"), "validation R@10"] = 100.0
    assert rivals(runs, "SGD, 2 x epochs") == {4: "SGD", 8: "SGD, 2 x epochs"}
    table = against_longer(runs, {4: "mild", 8: "hard"}, "SGD, 2 x epochs", 0.5)
    assert list(table.baseline) == ["SGD", "SGD, 2 x epochs"] and list(table.difference) == pytest.approx([2.0, -4.0])
