"""The rules of 10_trainers, on runs made up for each outcome."""

import pandas as pd
import pytest

pytest.importorskip("datasets")
from replication.experiments.trainers.verdicts import (
    HARDER,
    MILD,
    QUARTER,
    against_shuffled,
    summarise,
    verdict_on_any,
    verdict_on_fresh,
    verdict_on_quarter,
    verdict_on_small,
    verdict_on_tuned,
)
from replication.reporting.run import FAILS, HOLDS, UNTESTABLE, UNTESTED

CPU = {"captions": "flickr8k", "model": "all-MiniLM-L6-v2", "batch_size": 32, "margin": 1.0, "first_seed": 0}


def runs(seeds=3, **gains):
    """Return runs in which each method differs from shuffled batches by its gain, with its noise."""
    rows = []
    for seed in range(seeds):
        rows += [{"selector": "SGD", "seed": seed, "R@1": 20.0 + seed, "R@10": 50.0 + seed, "loss / ln B": 0.1}]
        for name, (gain, noise) in gains.items():
            value = gain + noise * (seed - 1)
            rows.append({"selector": name, "seed": seed, "R@1": 20.0 + seed + value, "R@10": 50.0 + seed + value})
        rows.append({"selector": "untrained", "seed": seed, "R@1": 1.0, "R@10": 5.0})
    return pd.DataFrame(rows)


def verdicts(parameters=CPU, seeds=3, **gains):
    comparison = against_shuffled(runs(seeds, **gains), 1.0)
    return verdict_on_any(comparison, parameters)[0], verdict_on_quarter(comparison, parameters)[0]


@pytest.mark.parametrize(
    ("other", "quarter", "expected"),
    [
        ((3, 0.1), (0, 0.1), (HOLDS, HOLDS)),
        ((-3, 0.1), (0, 0.1), (FAILS, HOLDS)),
        ((0, 0.1), (-3, 0.1), (FAILS, FAILS)),
        ((0, 3), (2, 3), (UNTESTABLE, UNTESTABLE)),
        ((0, 3), (3, 0.1), (HOLDS, HOLDS)),
    ],
)
def test_the_rules(other, quarter, expected):
    assert verdicts(OSGD=other, **{QUARTER: quarter}) == expected


def test_what_says_nothing_is_not_concluded_from():
    gains = {QUARTER: (3, 0.1)}
    for change in ({"captions": "made up"}, {"model": "tiny"}, {"batch_size": 16}):
        assert verdicts(CPU | change, **gains) == (UNTESTED, UNTESTED)
    assert verdicts(seeds=2, **gains) == (UNTESTED, UNTESTED)
    assert verdicts(OSGD=(3, 0.1))[1] == UNTESTED
    text = verdict_on_any(against_shuffled(runs(1, **gains), 1.0), CPU)[1]
    assert "fewer than 3 seeds" in text and "nan" not in text


@pytest.mark.parametrize(
    ("gain", "expected"),
    [((3, 0.1), HOLDS), ((0, 0.1), FAILS), ((-3, 0.1), FAILS), ((2, 3), UNTESTABLE)],
)
def test_batches_of_8(gain, expected):
    comparison = against_shuffled(runs(**{MILD: gain, "SwapSearch, k 40": (9, 0.1)}), 1.0)
    assert verdict_on_small(comparison, CPU | {"batch_size": 8})[0] == expected
    assert verdict_on_small(comparison, CPU)[0] == UNTESTED
    assert verdict_on_any(comparison, CPU | {"batch_size": 8})[0] == UNTESTED


@pytest.mark.parametrize(
    ("gain", "expected"),
    [((3, 0.1), HOLDS), ((0, 0.1), FAILS), ((-3, 0.1), FAILS), ((2, 3), UNTESTABLE)],
)
def test_a_claim_is_not_judged_by_the_seeds_that_it_was_made_from(gain, expected):
    comparison = against_shuffled(runs(**{HARDER: gain}), 1.0)
    small = CPU | {"batch_size": 8}
    verdict, evidence = verdict_on_fresh(comparison, small | {"first_seed": 5})
    assert verdict == expected and evidence.startswith("R@1 less that of shuffled batches")
    assert verdict_on_fresh(comparison, small | {"first_seed": 4})[0] == UNTESTED
    assert verdict_on_fresh(comparison, CPU | {"first_seed": 5})[0] == UNTESTED


@pytest.mark.parametrize(("gain", "expected"), [((3, 0.1), HOLDS), ((0, 0.1), FAILS), ((2, 3), UNTESTABLE)])
def test_at_the_rate_of_shuffled_batches(gain, expected):
    comparison = against_shuffled(runs(**{HARDER: gain}), 1.0)
    tuned = CPU | {"batch_size": 8, "first_seed": 10, "rates": [1e-5, 2e-5, 5e-5], "lr": 2e-5}
    verdict, evidence = verdict_on_tuned(comparison, tuned)
    assert verdict == expected and evidence.startswith("learning rate 2e-05; R@1 less that of shuffled batches")
    assert "learning rate 1e-05, the smallest tried; " in verdict_on_tuned(comparison, tuned | {"lr": 1e-5})[1]
    assert "learning rate 5e-05, the largest tried; " in verdict_on_tuned(comparison, tuned | {"lr": 5e-5})[1]
    for change in ({"rates": []}, {"rates": [1e-5, 2e-5]}, {"first_seed": 0}, {"batch_size": 32}):
        assert verdict_on_tuned(comparison, tuned | change)[0] == UNTESTED


def test_means_of_each_method():
    table = summarise(runs(OSGD=(1, 0))).set_index("selector")
    assert table.loc["SGD", ["n", "R@10", "R@10 sd"]].tolist() == [3, 51, 1] and table.loc["OSGD", "R@1"] == 22
