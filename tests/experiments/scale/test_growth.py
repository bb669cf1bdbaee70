"""Growth of plans in shards: columns, shares and the verdict, by hand; and one measurement of a small set."""

import numpy as np
import pandas as pd
import pytest

from replication.experiments.scale.growth import exponent, growth, references, with_shares
from replication.experiments.scale.verdicts import goals, verdict
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED
from replication.sharding.parts import parts_of

HARDNESS = pd.DataFrame({"N": [100, 200], "shuffled": [1.0, 1.0], "in shards": [2.96, 2.98], "whole set": [3.0, np.nan]})


def test_shares_and_verdict():
    assert with_shares(HARDNESS)["share of the gain"].iloc[0] == pytest.approx(0.98)
    word, evidence = verdict(HARDNESS)
    assert word == CAVEAT and evidence.endswith("one plan each: N=100 98.0 %; no set of 1,000,000 pairs was compared")
    word, evidence = verdict(HARDNESS.assign(N=[10**6, 10**7]))
    assert word == HOLDS and evidence.endswith("one plan each: N=1,000,000 98.0 %")
    assert verdict(HARDNESS.assign(**{"in shards": 2.9}))[0] == FAILS
    assert verdict(HARDNESS.drop(columns="whole set")) == (UNTESTED, "no set was planned whole")


def test_exponent_and_goals():
    cost = pd.DataFrame({"N": [10**6, 10**7], "in shards (s)": [100.0, 1000.0], "peak memory of a worker (MiB)": [900, 1024]})
    cost = cost.assign(**{"whole set (s)": [120.0, np.nan], "peak memory, whole set (MiB)": [7 * 1024, np.nan]})
    assert exponent(cost) == pytest.approx(1) and np.isnan(exponent(cost[:1]))
    met = goals(cost).set_index("what")
    assert list(met.met) == [True, True, False, True, True, True]
    assert (
        met.measured["10^6 pairs in one process, minutes"] == 2 and met.measured["10^7 pairs in shards, GiB of a worker"] == 1
    )


def test_a_small_set_is_measured():
    hardness, cost = growth("", [1500], 8, 8, 0.1, 1300, 2, 0, "1GB", 2000, 0)
    row = hardness.iloc[0]
    assert row["shuffled"] < row["chunks of 1,280"] and row["in shards, round 1"] <= row["in shards"]
    assert with_shares(hardness)["share of the gain"].iloc[0] > 0.9
    assert cost["read by shards (MB)"].iloc[0] == pytest.approx(2 * 2 * 1496 * 8 * 2 / 1e6)
    assert {"in shards (s)", "whole set (s)", "peak memory of a worker (MiB)"} <= set(cost)


def test_shuffled_batches_are_measured_on_pairs_from_the_whole_set(tmp_path):
    """Views that agree after the first 200 pairs and are unrelated before: the loss is near that of 1,800 of 2,000."""
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((2, 2000, 16)).astype(np.float16)
    v[200:] = u[200:]
    for name, view in (("u", u), ("v", v)):
        np.save(tmp_path / f"{name}-0.npy", view[:1000])
        np.save(tmp_path / f"{name}-1.npy", view[1000:])
    parts = [parts_of(name, sorted(tmp_path.glob(f"{name}-*.npy"))) for name in "uv"]
    first, whole = (references(*parts, 8, 0.1, samples, 0)["shuffled"] for samples in (1300, 2000))
    assert first == pytest.approx(whole, rel=0.2)
    assert whole < 1.2  # the first pairs alone: more than 2, that of guessing among 8
