"""Verdicts on made-up maps whose answer is known, in every direction."""

import pandas as pd
import pytest
from small_map import small_design

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE
from replication.experiments.map.claims import CLAIMS, HARD, MILD, judge
from replication.experiments.map.design import OWN_RATE, SHARED_RATE
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED

DESIGN = small_design(batch_sizes=(4, 8, 16, 32, 64), epochs=(1, 1, 1, 1, 1), methods=("SGD", MILD, HARD), longer=2.0)


def cell(line, b, selector, difference, outcome):
    row = {"line": line, "B": b, "selector": selector, "n": 3, "R@10": 30 + difference, "R@10 of SGD": 30.0}
    row |= {"difference": difference, "low": difference - 0.2, "high": difference + 0.2, "outcome": outcome}
    return row | {"query low": difference - 0.5, "query high": difference + 0.5}


def cells_of(small, large):
    """Cells of all sizes at both lines: those up to 8 have one (difference, outcome), those from 16 on another."""
    return pd.DataFrame(
        cell(line, b, name, *(small if b <= 8 else large))
        for line in (SHARED_RATE, OWN_RATE)
        for b in DESIGN.batch_sizes
        for name in (MILD, HARD)
    )


def runs_of(values):
    """Runs at the shared rate: {selector: R@10 by batch size}, three seeds each."""
    rows = [
        {"line": SHARED_RATE, "B": b, "selector": name, "seed": seed, "R@10": value + 0.005 * seed * (1 + len(name))}
        | {"validation R@10": value}
        for name, by_size in values.items()
        for b, value in zip(DESIGN.batch_sizes, by_size, strict=True)
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def rules_of(right):
    return pd.DataFrame(
        {"helps where this is below": ["loss"], "fitted elsewhere": [0.5], "right here, fitted elsewhere": [right]}
    )


GAIN, NOTHING, HARM, OPEN = (3.0, BETTER), (0.1, SAME), (-3.0, WORSE), (1.5, UNDECIDED)
RUNS = {"SGD": [10, 20, 22, 40, 41], MILD: [14, 23, 20, 39, 40], HARD: [13, 21, 20, 30, 31]}
RUNS |= {"SGD, 2 x epochs": [12, 21, 25, 42, 43]}


def verdicts(small=GAIN, large=HARM, runs=RUNS, right=0.9, source="flickr8k", beside=None):
    beside = pd.DataFrame() if beside is None else beside
    found = judge(cells_of(small, large), runs_of(runs), rules_of(right), beside, DESIGN, source, 1.0, "setting")
    assert [name for name, *_ in found] == [name for names in CLAIMS.values() for name in names]
    return {name: verdict for name, verdict, *_ in found}


@pytest.mark.parametrize(
    ("small", "wanted"),
    [(GAIN, HOLDS), (NOTHING, FAILS), (HARM, FAILS), (OPEN, UNTESTABLE), ((0.9, BETTER), UNTESTABLE), ((0.7, BETTER), FAILS)],
)
def test_small_batches(small, wanted):
    assert verdicts(small=small)["map-small"] == wanted


def test_a_gain_at_some_sizes_only_has_a_caveat():
    cells = cells_of(GAIN, HARM)
    cells.loc[cells["B"] == 4, ["difference", "outcome"]] = (0.1, SAME)
    found = judge(cells, runs_of(RUNS), rules_of(0.9), pd.DataFrame(), DESIGN, "flickr8k", 1.0, "setting")
    assert found[0][:2] == ("map-small", CAVEAT)


@pytest.mark.parametrize(("large", "wanted"), [(HARM, HOLDS), (NOTHING, HOLDS), (OPEN, CAVEAT), (GAIN, FAILS)])
def test_large_batches(large, wanted):
    assert verdicts(large=large)["map-large"] == wanted


def test_a_gain_that_is_not_surely_above_the_margin_has_a_caveat():
    assert verdicts(small=(1.1, BETTER))["map-small"] == CAVEAT  # 95 %: 0.9 to 1.3, margin 1


def test_a_comparison_that_stands_in_both_lines_counts_once():
    cells = cells_of(GAIN, HARM)
    found = {name: words for name, _, words, _ in judged(cells)}
    assert "of 4 cells: 4 worse" in found["map-large"]  # B = 32 and 64, two ways
    assert found["map-small"].count("at the own rate and the rate of SGD") == 2
    cells.loc[cells.line == OWN_RATE, ["difference", "low", "high"]] += 0.01
    assert "of 8 cells: 8 worse" in {name: words for name, _, words, _ in judged(cells)}["map-large"]


def judged(cells, runs=RUNS):
    return judge(cells, runs_of(runs), rules_of(0.9), pd.DataFrame(), DESIGN, "flickr8k", 1.0, "setting")


def test_sizes_at_which_a_way_was_not_tried_are_named():
    runs = runs_of(RUNS)
    runs = runs[(runs.selector != HARD) | (runs["B"] <= 32)]
    found = judge(cells_of(GAIN, HARM), runs, rules_of(0.9), pd.DataFrame(), DESIGN, "flickr8k", 1.0, "setting")
    verdict, words = next((verdict, words) for name, verdict, words, _ in found if name == "map-harder")
    assert verdict == CAVEAT and "not tried at B = 64" in words


def test_harder_is_worse_or_not():
    assert verdicts()["map-harder"] == HOLDS
    assert verdicts(runs=RUNS | {HARD: [13, 21, 20, 39.1, 40.1]})["map-harder"] == FAILS
    assert verdicts(runs={name: RUNS[name] for name in ("SGD", MILD, "SGD, 2 x epochs")})["map-harder"] == UNTESTED


def test_a_batch_of_8_against_one_of_16():
    assert verdicts()["map-size"] == HOLDS
    assert verdicts(runs=RUNS | {"SGD": [10, 20, 30, 40, 41]})["map-size"] == FAILS


def test_choosing_against_training_longer():
    assert verdicts()["map-cost"] == HOLDS
    assert verdicts(runs=RUNS | {"SGD, 2 x epochs": [12, 30, 31, 42, 43]})["map-cost"] == CAVEAT
    assert verdicts(runs=RUNS | {"SGD, 2 x epochs": [20, 30, 31, 42, 43]})["map-cost"] == FAILS
    # Longer training that makes it worse is no rival: shuffled batches then stop earlier.
    assert verdicts(runs=RUNS | {"SGD": [13.9, 22.9, 31, 42, 43], "SGD, 2 x epochs": [2, 3, 3, 4, 4]})["map-cost"] == FAILS


def test_the_rule():
    assert verdicts(right=0.9)["map-rule"] == HOLDS
    assert verdicts(right=0.6)["map-rule"] == FAILS
    assert verdicts(right=float("nan"))["map-rule"] == UNTESTED


def test_the_rule_is_judged_by_the_predictor_that_was_better_elsewhere():
    both = pd.concat([rules_of(0.9), rules_of(0.3)], ignore_index=True).assign(**{"right there": [0.7, 0.8]})
    found = judge(cells_of(GAIN, HARM), runs_of(RUNS), both, pd.DataFrame(), DESIGN, "flickr8k", 1.0, "setting")
    assert {name: verdict for name, verdict, *_ in found}["map-rule"] == FAILS


def beside_of(*agree):
    """Ways that heads and full training tried: "better" and "worse" are what both found, other words whether they agree."""
    rows = [
        {"selector": "SC", "B": 32, "agree": "agree" if word in (BETTER, WORSE) else word}
        | {"heads: outcome": word if word in (BETTER, WORSE) else SAME}
        for word in agree
    ]
    values = {f"{kind}: {name}": 1 for kind in ("heads", "full") for name in ("R@10", "outcome", "n")}
    return pd.DataFrame([values | row for row in rows])


@pytest.mark.parametrize(
    ("agree", "wanted"),
    [
        ([BETTER, WORSE], HOLDS),
        ([WORSE, WORSE], CAVEAT),  # who always says "worse" is right too
        ([BETTER, WORSE, "open"], CAVEAT),
        ([BETTER, "disagree"], CAVEAT),
        (["disagree", "open"], FAILS),
        (["open"], UNTESTABLE),
        ([], UNTESTED),
    ],
)
def test_the_pilot(agree, wanted):
    assert verdicts(beside=beside_of(*agree))["map-pilot"] == wanted


@pytest.mark.parametrize(("source", "kind"), [("flickr8k text", "texts"), ("cifar100 views", "views"), ("digits", None)])
def test_a_map_speaks_for_its_kind_of_pairs_alone(source, kind):
    found = verdicts(source=source, beside=beside_of("agree"))
    for other, names in CLAIMS.items():
        assert all((found[name] == UNTESTED) == (other != kind) for name in names)


def test_one_size_alone_has_a_caveat():
    cells = cells_of(GAIN, HARM)
    cells, runs = cells[cells["B"].isin([8, 32])], runs_of(RUNS)
    found = judge(cells, runs[runs["B"].isin([8, 32])], rules_of(0.9), pd.DataFrame(), DESIGN, "flickr8k", 1.0, "setting")
    for name, verdict, evidence, _ in found:
        if name in ("map-small", "map-large", "map-harder", "map-cost"):
            assert verdict == CAVEAT and "only B = " in evidence, name
