"""Verdicts from planted differences."""

import pandas as pd
import pytest

from replication.results import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED
from replication.trials.records import UNTRAINED
from replication.trials.verdicts import beats_chance, beats_untrained, standing_for, verdict_elsewhere, verdict_on_selectors

NOISE = [0.0, 0.3, -0.2, 0.1]  # shared by the methods of a seed, so that it cancels in pairs


def runs(knn_untrained=10.0, **differences):
    """Runs whose measure is 50 + seed noise + the method's differences (one for each seed)."""
    rows = [
        {"selector": method, "seed": seed, "measure": 50 + 5 * NOISE[seed] + value, "kNN": 30.0}
        for method, values in ({"SGD": [0, 0, 0, 0]} | differences).items()
        for seed, value in enumerate(values)
    ]
    rows += [{"selector": UNTRAINED, "seed": seed, "measure": 5, "kNN": knn_untrained} for seed in range(4)]
    return pd.DataFrame(rows)


CLEARLY_MORE = [3, 3.2, 2.9, 3.1]
CLEARLY_LESS = [-3, -3.2, -2.9, -3.1]
EQUAL = [0.1, -0.1, 0.05, 0]
UNCLEAR = [4, -3, 2, -2.5]


@pytest.mark.parametrize(
    ("sc", "osgd", "verdict"),
    [
        (CLEARLY_MORE, EQUAL, HOLDS),
        (CLEARLY_MORE, CLEARLY_MORE, FAILS),  # better than SGD, no different from OSGD
        (CLEARLY_LESS, EQUAL, FAILS),
        (EQUAL, EQUAL, FAILS),
        (CLEARLY_MORE, UNCLEAR, CAVEAT),
        (UNCLEAR, EQUAL, UNTESTABLE),
    ],
)
def test_verdicts(sc, osgd, verdict):
    found, evidence = verdict_on_selectors(runs(SC=sc, OSGD=osgd), "measure", "SC", ["SGD", "OSGD"], 1.0, "a setting")
    assert found == verdict
    assert evidence.startswith("a setting: measure of SC, %: ") and "n=4" in evidence and "±1 percentage points" in evidence


def test_networks_that_learned_nothing_settle_nothing():
    table = runs(knn_untrained=20.0, SC=CLEARLY_MORE)
    assert not beats_untrained(table)[0] and beats_untrained(runs(SC=EQUAL))[0]
    verdict, evidence = verdict_on_selectors(table, "measure", "SC", ["SGD"], 1.0, "s")
    assert verdict == UNTESTABLE and "too little was learned" in evidence


def test_one_seed_settles_nothing():
    table = runs(SC=CLEARLY_MORE)
    verdict, evidence = verdict_on_selectors(table[table.seed == 0], "measure", "SC", ["SGD"], 1.0, "s")
    assert verdict == UNTESTABLE and "nan" not in evidence


def test_methods_that_were_not_trained_are_untested():
    verdict, evidence = verdict_on_selectors(runs(), "measure", "SC", ["SGD"], 1.0, "s")
    assert verdict == UNTESTED and "no network with SC" in evidence


def test_another_data_set_leaves_the_claim_untested():
    assert verdict_elsewhere("cifar100", "cifar100", FAILS, "e", "`run it`") == (FAILS, "e")
    assert verdict_elsewhere("digits", "cifar100", HOLDS, "e", "`run it`") == (UNTESTED, "needs cifar100: `run it`; here: e")


def test_variants_stand_for_the_method_of_a_claim():
    released = ["SGD", "OSGD, as released", "SC (exp)"]
    assert [standing_for(name, released) for name in ("SGD", "OSGD", "SC")] == released
    assert standing_for("SC", ["SGD", "SC", "SC (exp)"]) == "SC"
    assert standing_for("SC", ["SGD", "OSGD"]) == "SC"


def test_networks_near_chance_settle_nothing():
    table = runs(SC=CLEARLY_MORE)
    assert beats_chance(table[table.selector != UNTRAINED], "measure", 4.9)[0]

    def learned(runs):
        return beats_chance(runs[runs.selector != UNTRAINED], "measure", 5.1)

    verdict, evidence = verdict_on_selectors(table, "measure", "SC", ["SGD"], 1.0, "s", learned)
    assert verdict == UNTESTABLE and "5.1 % by chance" in evidence
