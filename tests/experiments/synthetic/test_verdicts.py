"""Verdicts and sentences on figures 2 and 3 from tables with known answers."""

import numpy as np
import pandas as pd
import pytest

from replication.experiments.synthetic.verdicts import speed_in_words, verdict_on_rest, verdict_on_speed
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED


def rest_table(full, every, fixed, status="at rest"):
    """A table with these distances to the optimum."""
    rows = [("full batch", x) for x in full] + [("all batches", x) for x in every] + [("fixed", x) for x in fixed]
    frame = pd.DataFrame(rows, columns=["family", "distance"]).assign(N=4, d=8, B=2, steps=100, status=status)
    frame["seed"] = frame.groupby("family").cumcount()
    return frame.assign(**{"gradient norm": 1e-9, "full-batch loss": 1.0})


@pytest.mark.parametrize(
    ("full", "every", "fixed", "expected"),
    [
        ([1e-6, 1e-3], [1e-6, 0], [0.5, 0.7], HOLDS),
        ([1e-6, 0.2], [1e-6, 0], [0.5, 0.7], FAILS),  # a run came to rest elsewhere
        ([1e-6, 0], [1e-6, 0], [0.5, 0.7, 1e-6], CAVEAT),
        ([1e-6, 0.2], [1e-6, 0.2], [0.5, 0.7], FAILS),
        ([1e-6, 0], [1e-6, 0], [0.5, 1e-6], FAILS),
    ],
)
def test_verdict_on_rest(full, every, fixed, expected):
    found, evidence = verdict_on_rest(rest_table(full, every, fixed))
    assert found == expected
    assert f"full batch {sum(x <= 1e-3 for x in full)} of {len(full)}" in evidence
    assert f"fixed {sum(x <= 1e-3 for x in fixed)} of {len(fixed)}" in evidence


def test_nothing_is_decided_where_no_theorem_gives_the_optimum():
    assert verdict_on_rest(rest_table([np.nan], [np.nan], [np.nan]))[0] == UNTESTED


def test_runs_that_were_still_moving_are_told():
    found, evidence = verdict_on_rest(rest_table([0.2, 0.0], [0.0, 0.0], [0.5], status="stopped"))
    assert found == CAVEAT and "full batch 1 of 2 (not: (4, 8) stopped)" in evidence


def verdict(faster, far=0):
    """Judge "SC" on configurations that are faster (True), undecided (None) or slower (False); `far` runs end far away."""
    rows = [{"N": 4 + i, "d": 2, "B": 2, "vectors": "free", "method": "SC", "n": 10} for i in range(len(faster))]
    comparison = pd.DataFrame(rows).assign(faster=[f is True for f in faster], slower=[f is False for f in faster])
    # The rows of another method must not count.
    comparison = pd.concat([comparison, comparison.assign(method="OSGD", faster=False)], ignore_index=True)
    ends = comparison.drop(columns=["faster", "slower"]).assign(stalled=0, **{"distance mean": 0.1, "not near": 9})
    ends.loc[ends.method == "SC", "not near"] = [far] + [0] * (len(faster) - 1)
    sgd = ends[ends.method == "SC"].assign(method="SGD", **{"distance mean": 0.2})
    return verdict_on_speed(comparison, pd.concat([ends, sgd]), "SC")


@pytest.mark.parametrize(
    ("faster", "far", "expected"),
    [
        ([True, True, True], 0, HOLDS),
        ([True, True, True], 1, CAVEAT),
        ([True, True, None], 0, CAVEAT),
        ([True, True, False], 0, FAILS),
        ([True, None], 0, FAILS),
        ([False, False, True], 0, FAILS),
    ],
)
def test_verdict_on_speed(faster, far, expected):
    found, evidence = verdict(faster, far)
    assert found == expected
    assert f"free vectors: in {faster.count(True)} of {len(faster)}" in evidence and "n=10 seeds" in evidence
    assert f"slower in {faster.count(False)}." in evidence and f"{far} of {10 * len(faster)} runs end farther" in evidence
    assert f"Ends nearer the optimum than SGD in {len(faster)} of {len(faster)}" in evidence
    assert (", not at (N, d) = (" in evidence) == (faster.count(True) < len(faster))


def test_the_sentence_counts_faster_and_slower():
    rows = [("OSGD", True, False), ("OSGD", False, False), ("fixed", False, True), ("fixed", False, True)]
    table = pd.DataFrame(rows, columns=["method", "faster", "slower"]).assign(N=[4, 8] * 2, d=2, B=2, vectors="free", n=10)
    assert speed_in_words(table) == (
        "**Against SGD in 2 configurations (95 % intervals over 10 seeds): OSGD is faster in 1 and slower in 0; "
        "fixed is faster in 0 and slower in 2.**"
    )
