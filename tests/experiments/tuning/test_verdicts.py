import numpy as np
import pandas as pd
import pytest

from replication.experiments.tuning import verdicts
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED


def comparison(*outcomes, n=20):
    rows = [("TS-RSR", f"f{place}", word) for place, word in enumerate(outcomes)]
    table = pd.DataFrame(rows, columns=["selector", "problem", "outcome"])
    return table.assign(rule="Thompson", n=n, difference=-0.3, low=-0.5, high=-0.1)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (("better", "better"), HOLDS),
        (("better", "undecided"), CAVEAT),
        (("better", "no difference"), CAVEAT),
        (("better", "worse"), FAILS),
        (("undecided", "worse"), FAILS),
        (("undecided", "no difference"), FAILS),
        (("undecided", "undecided"), UNTESTABLE),
    ],
)
def test_verdict_on_a_rule(outcomes, verdict):
    found, evidence = verdicts.verdict_on_rule(comparison(*outcomes), "Thompson", 0.1, "log10 regret")
    assert found == verdict
    assert evidence.startswith(
        "log10 regret of TS-RSR less Thompson, 95 % interval, n=20, margin ±0.1: f0 -0.30 [-0.50, -0.10]"
    )


def test_few_runs_and_missing_rules_test_nothing():
    found, evidence = verdicts.verdict_on_rule(comparison("better", n=9), "Thompson", 0.1, "log10 regret")
    assert found == UNTESTED and "fewer than 10 paired runs (n=9)" in evidence and "f0 -0.30" in evidence
    assert verdicts.verdict_on_rule(comparison("better"), "random", 0.1, "x") == (UNTESTED, "this run has no rule 'random'")


def runs(gain, n=20, spread=0.2):
    """log10 regrets on two functions: Thompson's larger by `gain` on average."""
    noise = spread * np.random.default_rng(0).standard_normal(n)
    rows = [
        {"problem": name, "rule": rule, "seed": seed, "log10 regret": -2.0 + (rule == "Thompson") * (gain + noise[seed])}
        for name in ("f", "g")
        for rule in ("TS-RSR", "Thompson")
        for seed in range(n)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("gain", "verdict"), [(1.5, HOLDS), (0.5, FAILS), (-1.0, FAILS), (1.0, UNTESTABLE)])
def test_verdict_on_the_order_of_magnitude(gain, verdict):
    found, evidence = verdicts.verdict_on_magnitude(runs(gain), "Thompson")
    assert found == verdict
    assert "(geometric mean over f, g; 95 % interval of the exponent" in evidence and "n=20" in evidence


def test_the_order_of_magnitude_of_few_runs_is_untested():
    found, evidence = verdicts.verdict_on_magnitude(runs(1.5, n=3), "Thompson")
    assert found == UNTESTED and "n=3" in evidence
    assert verdicts.verdict_on_magnitude(runs(1.5), "qLogEI")[0] == UNTESTED


def summary():
    rows = [("f", "TS-RSR", 0.1, -1.0), ("f", "Thompson", 0.2, -0.7), ("g", "TS-RSR", 3.0, 0.5), ("g", "Thompson", 1.0, 0.0)]
    return pd.DataFrame(rows, columns=["problem", "rule", "mean regret", "mean log10"])


def test_regret_in_words():
    words = verdicts.regret_in_words(summary(), comparison("better", "undecided"))
    assert words == (
        "**By the mean of log10 regret TS-RSR ends lowest on f; Thompson ends lowest on g. TS-RSR against the others, paired "
        "over n=20 runs: Thompson: 1 better, 1 undecided.**"
    )


def test_settings_in_words():
    words = verdicts.settings_in_words(summary().head(2), comparison("worse"))
    assert "Times as many updates as the best setting needs (geometric mean): TS-RSR 1.07, Thompson 1.15." in words
    assert words.endswith("Thompson: 1 worse.**")


def test_the_landscape_in_words():
    rows = [(0.1, 1, 0.0, s, 100 + s) for s in (0, 2)] + [(0.2, 1, 0.0, s, 500) for s in (0, 2)]
    rows += [(0.3, 1, 0.0, 0, 500), (0.3, 1, 0.0, 1, 300)]
    table = pd.DataFrame(rows, columns=["lr", "k", "hardness", "start", "updates"])
    assert verdicts.landscape_in_words(table, 500) == (
        "**Of 3 settings 1 arrive from all starts within 500 updates and 1 from none; fastest is lr = 0.1, k = 1, hardness 0, "
        "with 101 updates on average over 2 starts.**"
    )
