"""Runs of rules from common first points, and the tables of their regret."""

import numpy as np
import pandas as pd
import pytest

from replication import machine
from replication.experiments.tuning import regret
from replication.experiments.tuning.problems import FunctionProblem, TableProblem

RULES = ["TS-RSR", "random"]


def table(starts=4):
    """Settings that differ by their lr alone; the truth is 100 updates at 0.2, and starts differ by a few."""
    rows = [
        {"lr": lr, "k": k, "hardness": hardness, "start": start, "updates": 100 * factor + 3 * start}
        for lr, factor in ((0.1, 4), (0.2, 1), (0.3, 2))
        for k in (1, 4)
        for hardness in (0.0, 1.0)
        for start in range(starts)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def traces():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "cores", lambda: 1)
        problems = [FunctionProblem("Ackley"), TableProblem("table", table(), 2)]
        return regret.compare_rules(problems, RULES, 3, 3, 2, 2, 30)


def test_there_is_a_row_for_each_evaluation_from_the_first_points_on(traces):
    assert list(traces) == ["problem", "rule", "seed", "evaluations", "regret", "seconds"]
    groups = traces.groupby(["problem", "rule", "seed"], sort=False)
    assert groups.evaluations.apply(list).map(lambda counts: counts == [3, 4, 5, 6, 7]).all()
    assert list(groups.groups) == [(p, r, s) for p in ("Ackley", "table") for r in RULES for s in range(3)]
    assert traces.seconds[traces.evaluations == 3].isna().all() and (traces.seconds.dropna() >= 0).all()


def test_rules_of_one_seed_begin_with_the_same_points(traces):
    first = traces[traces.evaluations == 3].set_index(["problem", "seed", "rule"]).regret.unstack("rule")
    assert (first["TS-RSR"] == first["random"]).all() and first["random"].nunique() > 3


def test_without_noise_regret_never_rises(traces):
    mine = traces[traces.problem == "Ackley"]
    assert (mine.groupby(["rule", "seed"]).regret.diff().dropna() <= 0).all() and (mine.regret >= 0).all()


def test_a_run_is_the_same_alone(traces, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 1)
    alone = regret.compare_rules([FunctionProblem("Ackley")], ["TS-RSR"], 1, 3, 2, 2, 30)
    mine = traces[(traces.problem == "Ackley") & (traces.rule == "TS-RSR") & (traces.seed == 0)]
    np.testing.assert_array_equal(alone.regret, mine.regret)


def test_what_is_seen_is_noisy_and_regret_is_true():
    problem = TableProblem("table", table(), 2)
    settings = [{"lr": lr, "k": 4, "hardness": 1.0} for lr in (0.1, 0.2, 0.3)]
    truth = np.log2([[100 * factor + 3 * start for start in range(4)] for factor in (4, 1, 2)])
    np.testing.assert_allclose(problem.regret(settings), truth.mean(axis=1) - truth[1].mean())
    pairs = {tuple(problem.observe(settings, seed)[0].round(9)) for seed in range(20)}
    every = {tuple(truth[:, [a, b]].mean(axis=1).round(9)) for a in range(4) for b in range(a)}
    assert pairs <= every and len(pairs) > 2
    values, noise = problem.observe(settings, 0)
    assert values.shape == noise.shape == (3,) and (noise > 0).all()


def test_the_regret_is_that_of_the_setting_that_looks_best(monkeypatch):
    """A problem that shows other values than it has: the regret follows what looks best."""

    class Liar(FunctionProblem):
        def observe(self, settings, seed):
            return np.array([-setting["x1"] for setting in settings]), 0.0

        def regret(self, settings):
            return np.array([setting["x1"] for setting in settings])

    found = regret._run(Liar("Ackley"), "random", 0, 2, 3, 2, 10)
    assert (found.regret.diff().dropna() >= 0).all() and found.regret.nunique() > 1


def frame():
    """Two seeds of two rules on one problem, two evaluations each."""
    rows = [("f", rule, seed, e, value) for rule, values in (("TS-RSR", (1e-1, 1e-3, 1e-1, 1e-1)), ("random", (1, 1e-1, 1, 1)))
            for (seed, e), value in zip([(0, 1), (0, 2), (1, 1), (1, 2)], values, strict=True)]  # fmt: skip
    return pd.DataFrame(rows, columns=["problem", "rule", "seed", "evaluations", "regret"]).assign(seconds=0.5)


def test_tables_are_made_of_the_last_evaluations():
    runs = regret.final(frame())
    assert runs["log10 regret"].tolist() == pytest.approx([-3, -1, -1, 0]) and "seconds" not in runs
    summary = regret.summarise(runs).set_index("rule")
    assert summary.loc["TS-RSR", ["n", "mean regret", "median", "largest", "mean log10"]].tolist() == pytest.approx(
        [2, 0.0505, 0.0505, 0.1, -2]
    )
    assert summary.loc["TS-RSR", "standard error"] == pytest.approx(0.0495)
    assert "mean log10" not in regret.summarise(runs.drop(columns="log10 regret"))
    (row,) = regret.against(runs, "log10 regret", 0.1).to_dict("records")
    assert (row["rule"], row["n"], row["difference"]) == ("random", 2, pytest.approx(-1.5))
    assert row["outcome"] == "undecided"


def test_lower_is_better():
    runs = pd.concat([regret.final(frame()).assign(seed=lambda t, s=s: t.seed + 2 * s) for s in range(10)])
    (row,) = regret.against(runs, "log10 regret", 0.1).to_dict("records")
    assert row["outcome"] == "better" and row["high"] < 0


def test_curves_have_intervals_over_the_seeds():
    curves = regret.curves(frame(), "log10 regret")
    assert curves[["rule", "evaluations"]].to_numpy().tolist() == [["TS-RSR", 1], ["TS-RSR", 2], ["random", 1], ["random", 2]]
    assert curves["log10 regret"].tolist() == pytest.approx([-1, -2, 0, -0.5])
    assert (curves.low <= curves["log10 regret"]).all() and (curves.n == 2).all()


def test_a_regret_of_nothing_has_a_logarithm():
    assert regret.final(frame().assign(regret=0.0))["log10 regret"].tolist() == [-12.0] * 4


def test_costs_are_seconds_of_a_proposal():
    costs = regret.costs(frame())
    assert costs["median seconds"].tolist() == [0.5, 0.5]
