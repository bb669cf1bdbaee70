"""The verdict on plans in shards, and which goals a run can tell about."""

import pandas as pd
import pytest

from replication.experiments.scale.growth import RANDOM, SHARDED, WHOLE
from replication.experiments.scale.verdicts import goals, verdict
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED


def hardness(sizes, sharded, whole=2.0):
    return pd.DataFrame({"N": sizes, RANDOM: 1.0, SHARDED: sharded, WHOLE: whole})


@pytest.mark.parametrize(
    ("sizes", "sharded", "expected", "words"),
    [
        ([10**4, 10**6], [1.98, 1.97], HOLDS, "N=10,000 98.0 %; N=1,000,000 97.0 %"),
        ([10**4, 10**5], [2.0, 2.01], CAVEAT, "N=100,000 101.0 %; no set of 1,000,000 pairs was compared"),
        ([10**4, 10**6], [1.98, 1.96], FAILS, "N=1,000,000 96.0 %"),
    ],
)
def test_the_share_of_the_gain_decides_and_small_sets_make_a_caveat(sizes, sharded, expected, words):
    found, evidence = verdict(hardness(sizes, [share + 1e-9 for share in sharded]))
    assert found == expected and evidence.endswith(words)


def test_sets_that_no_process_planned_whole_do_not_count():
    found, evidence = verdict(hardness([10**6, 10**7], [1.99, 1.0], [2.0, None]))
    assert found == HOLDS and "10,000,000" not in evidence
    assert verdict(hardness([10**4], [2.0]).drop(columns=WHOLE)) == (UNTESTED, "no set was planned whole")


def test_goals_of_sizes_that_were_not_run_are_not_told():
    cost = pd.DataFrame({"N": [10**4, 10**5], f"{SHARDED} (s)": [1.0, 10.0]})
    [row] = goals(cost).to_dict("records")
    assert row["measured"] == pytest.approx(1.0) and row["met"]
    steep = goals(cost.assign(**{f"{SHARDED} (s)": [1.0, 20.0]}))
    assert not steep.met[0]
