"""Figure 2: descent on the full batch rests at the simplex ETF, and the verdict on hand-made tables."""

import numpy as np
import pandas as pd
import pytest

from replication.experiments.synthetic.stationary import FAMILIES, rest_points, summarise_rest
from replication.geometry import simplex_etf


@pytest.fixture(scope="module")
def rested():
    return rest_points([[4, 8], [5, 3]], 2, seeds=2, lr=0.5, max_steps=5000, tolerance=1e-8, parametrization="sphere")


def test_full_and_all_batches_rest_at_the_etf_and_fixed_ones_do_not(rested):
    table, grams = rested
    known = table[table.N == 4]
    assert (known.status == "at rest").all() and (known["gradient norm"] <= 1e-8).all() and (known.steps < 5000).all()
    assert (known[known.family != "fixed"].distance < 1e-6).all()
    assert (known[known.family == "fixed"].distance > 0.1).all()
    assert (grams[4, 8, "full batch"] - simplex_etf(4)).abs().max() < 1e-6
    # The closed forms of the optimal losses, with all pairs, with all batches of two, and with disjoint batches of two.
    optima = {"full batch": 2 * np.log(1 + 3 * np.exp(-4 / 3)), "all batches": 2 * np.log(1 + np.exp(-4 / 3))}
    optima["fixed"] = 2 * np.log(1 + np.exp(-2))
    for family, group in known.groupby("family"):
        assert group["own loss"].to_numpy() == pytest.approx(optima[family], abs=1e-10)
    assert known["full-batch loss"].min() == pytest.approx(optima["full batch"], abs=1e-10)


def test_without_a_theorem_there_is_no_distance_but_a_gram_matrix(rested):
    table, grams = rested
    unknown = table[table.N == 5]
    assert unknown.distance.isna().all() and unknown["own loss"].notna().all()
    assert set(grams) == {(n, d, family) for n, d in ((4, 8), (5, 3)) for family in FAMILIES}


def test_a_descent_that_is_cut_short_is_called_stopped():
    table, _ = rest_points([[4, 8]], 2, seeds=1, lr=0.5, max_steps=3, tolerance=1e-8, parametrization="sphere")
    assert (table.status == "stopped").all() and (table.steps == 3).all()


def rest_table(full, every, fixed, status="at rest"):
    """A table with these distances to the optimum."""
    rows = [("full batch", x) for x in full] + [("all batches", x) for x in every] + [("fixed", x) for x in fixed]
    frame = pd.DataFrame(rows, columns=["family", "distance"]).assign(N=4, d=8, B=2, steps=100, status=status)
    frame["seed"] = frame.groupby("family").cumcount()
    return frame.assign(**{"gradient norm": 1e-9, "full-batch loss": 1.0})


def test_summary_counts_the_runs_at_rest():
    table = pd.concat([rest_table([0.1, 0.3], [0.0], [0.5]), rest_table([0.2], [], [], status="stopped")])
    summary = summarise_rest(table).set_index("family")
    assert summary.loc["full batch", ["n", "at rest"]].tolist() == [3, 2]
    assert summary.loc["full batch", ["distance mean", "largest distance"]].tolist() == pytest.approx([0.2, 0.3])
