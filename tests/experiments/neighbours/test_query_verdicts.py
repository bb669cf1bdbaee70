import pandas as pd
import pytest

from replication.experiments.neighbours.query_verdicts import judge_gains, judge_methods
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE


def table(**means):
    """One row for each seed, selector and method; `means` gives the accuracy of a method with SGD, the others have 2 more."""
    rows = [
        {"seed": seed, "selector": selector, "classes": classes, "method": method.replace("_", "-")}
        | {"accuracy": mean + shift + 0.3 * ((seed * (place + 2)) % 3) if classes == 2 else 50.0}
        for seed in range(4)
        for selector, shift in (("SGD", 0.0), ("SC", 0.0), ("SwapSearch", 0.0))
        for classes in (2, 10)
        for place, (method, mean) in enumerate(means.items())
    ]
    return pd.DataFrame(rows)


PAIRS = [("soft", "zero-shot"), ("hard", "zero-shot")]


@pytest.mark.parametrize(("soft", "hard", "verdict"), [(70, 75, HOLDS), (70, 50, FAILS), (60.1, 70, FAILS), (50, 50, FAILS)])
def test_methods(soft, hard, verdict):
    found, evidence = judge_methods(table(zero_shot=60, soft=soft, hard=hard), 2, PAIRS, 1.0)
    assert found == verdict
    assert "2 classes in a batch: soft" in evidence and "n=4" in evidence and "margin 1 points" in evidence


def test_other_numbers_of_classes_do_not_count():
    assert judge_methods(table(zero_shot=60, soft=70, hard=75), 10, PAIRS, 1.0)[0] == FAILS  # no difference


def test_one_network_decides_nothing():
    one = table(zero_shot=60, soft=70, hard=75).query("seed == 0")
    found, evidence = judge_methods(one, 2, PAIRS, 1.0)
    assert found == UNTESTABLE and "nan" not in evidence
    assert "nan" not in judge_gains(one, 2, "hard", ["SC"], 1.0)[1]


@pytest.mark.parametrize(("more", "verdict"), [({"SC": 5, "SwapSearch": 5}, HOLDS), ({"SC": 5}, FAILS), ({}, FAILS)])
def test_gains(more, verdict):
    rows = table(zero_shot=60, hard=70)
    for selector, gain in more.items():
        rows.loc[(rows.selector == selector) & (rows.method == "hard"), "accuracy"] += gain
    found, evidence = judge_gains(rows, 2, "hard", ["SC", "SwapSearch"], 1.0)
    assert found == verdict and evidence.startswith("gain of hard over zero-shot, 2 classes in a batch, points: SC +")


def test_one_of_two_gains_undecided_is_a_caveat():
    rows = table(zero_shot=60, hard=70)
    rows.loc[(rows.selector == "SC") & (rows.method == "hard"), "accuracy"] += 5
    wide = (rows.selector == "SwapSearch") & (rows.method == "hard") & (rows.classes == 2)
    rows.loc[wide, "accuracy"] += [-8.0, 9.0, 10.0, -7.0]
    assert judge_gains(rows, 2, "hard", ["SC", "SwapSearch"], 1.0)[0] == CAVEAT
