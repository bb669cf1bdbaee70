import pandas as pd
import pytest

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE
from replication.experiments.neighbours.client_comparison import ADAPTIVE, DUAL, LOCAL, OPTIMUM
from replication.experiments.neighbours.verdicts import (
    judge_clients,
    judge_order,
    judge_outcomes,
    judge_ratios,
    judge_slopes,
)
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([BETTER, BETTER], HOLDS),
        ([BETTER, UNDECIDED], CAVEAT),
        ([UNDECIDED, UNDECIDED], UNTESTABLE),
        ([BETTER, SAME], FAILS),
        ([BETTER, WORSE], FAILS),
    ],
)
def test_outcomes(outcomes, verdict):
    assert judge_outcomes(outcomes) == verdict


def ends(first, second, source="digits"):
    rows = [("NSTORM", first), ("moving average", second)]
    return pd.DataFrame(
        {"source": source, "method": name, "seed": seed, "gap": value, "slope": -value}
        for name, values in rows
        for seed, value in enumerate(values)
    )


PAIR = [("NSTORM", "moving average")]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([0.01, 0.012, 0.011], [0.05, 0.052, 0.049], HOLDS),
        ([0.05, 0.052, 0.049], [0.01, 0.012, 0.011], FAILS),
        ([0.01, 0.02, 0.03], [0.0101, 0.0201, 0.0301], FAILS),  # no different
        ([0.0, 0.3, 0.1], [0.2, 0.1, 0.15], UNTESTABLE),
    ],
)
def test_order(first, second, verdict):
    found, evidence = judge_order(ends(first, second), PAIR, 0.001)
    assert found == verdict
    assert "digits, NSTORM" in evidence and "n=3" in evidence and "margin 0.001" in evidence


def test_an_order_needs_every_source():
    good, bad = ends([0.01, 0.012], [0.05, 0.051]), ends([0.05, 0.051], [0.01, 0.012], "random")
    assert judge_order(pd.concat([good, bad]), PAIR, 0.001)[0] == FAILS


def slopes(storm, average):
    others = {"plug-in": [-0.1] * len(storm), "ADA-NSTORM": [-0.3] * len(storm)}
    rows = {"NSTORM": storm, "moving average": average} | others
    return pd.DataFrame(
        {"source": "digits", "method": name, "seed": seed, "slope": value}
        for name, values in rows.items()
        for seed, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("storm", "average", "verdict"),
    [
        ([-0.5, -0.6, -0.55], [-0.2, -0.3, -0.25], HOLDS),
        ([-0.2, -0.3, -0.25], [-0.5, -0.6, -0.55], FAILS),
        ([-0.2, -0.6, -0.4], [-0.5, -0.3, -0.35], UNTESTABLE),
        ([-0.5], [-0.2], UNTESTED),
    ],
)
def test_slopes(storm, average, verdict):
    found, evidence = judge_slopes(slopes(storm, average))
    assert found == verdict and "theory without convexity: -1/3 and -1/4" in evidence


def shares(dual, adaptive, local, q=8):
    exact = [{"method": OPTIMUM, "q": 0, "seed": seed, "share": 1.0, "gap": 0.05} for seed in range(len(dual))]
    return pd.DataFrame(
        [
            {"method": name, "q": q, "seed": seed, "share": value, "gap": 0.05 * value}
            for name, values in ((DUAL, dual), (ADAPTIVE, adaptive), (LOCAL, local))
            for seed, value in enumerate(values)
        ]
        + exact
    )


@pytest.mark.parametrize(
    ("dual", "adaptive", "local", "verdict"),
    [
        ([0.02, 0.03], [0.03, 0.02], [1.0, 1.01], HOLDS),
        ([0.02, 0.03], [0.3, 0.32], [1.0, 1.01], CAVEAT),
        ([0.2, 0.21], [0.3, 0.32], [1.0, 1.01], FAILS),
        ([0.02, 0.03], [0.03, 0.02], [0.1, 0.11], FAILS),
        ([0.02], [0.02], [1.0], UNTESTED),
    ],
)
def test_clients(dual, adaptive, local, verdict):
    found, evidence = judge_clients(shares(dual, adaptive, local), [8])
    assert found == verdict
    assert "arrived: up to 0.1" in evidence and f"n={len(dual)}" in evidence


def test_clients_need_every_q_and_a_run():
    both = pd.concat([shares([0.02, 0.03], [0.03, 0.02], [1.0, 1.01]), shares([0.5, 0.6], [0.5, 0.6], [1.0, 1.01], 1)])
    assert judge_clients(both, [1, 8])[0] == FAILS
    assert judge_clients(both, [])[0] == UNTESTED


@pytest.mark.parametrize(
    ("intervals", "verdict"),
    [
        ([(0.2, 0.3, 0.4), (0.5, 0.6, 0.7)], HOLDS),
        ([(0.2, 0.3, 0.4), (0.9, 1.0, 1.1)], CAVEAT),
        ([(0.2, 0.3, 0.4), (1.1, 1.2, 1.3)], FAILS),
        ([(0.9, 1.0, 1.1), (0.8, 1.0, 1.2)], UNTESTABLE),
    ],
)
def test_ratios(intervals, verdict):
    table = pd.DataFrame(intervals, columns=["ratio low", "ratio", "ratio high"]).assign(name=["SC", "SwapSearch"], n=4)
    found, evidence = judge_ratios(table, "ratio of something")
    assert found == verdict
    assert evidence.startswith("ratio of something: SC ") and evidence.endswith("n=4; needed: below 1")
    assert "SwapSearch" not in judge_ratios(table, "x", ["SC"])[1]


def test_one_seed_decides_nothing():
    table = pd.DataFrame({"name": ["SC"], "n": 1, "ratio": 0.1, "ratio low": float("nan"), "ratio high": float("nan")})
    found, evidence = judge_ratios(table, "x")
    assert found == UNTESTED and "nan" not in evidence
