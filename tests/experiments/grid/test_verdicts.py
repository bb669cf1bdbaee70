"""Verdicts from planted differences."""

import pandas as pd
import pytest

from replication.experiments.grid.records import UNTRAINED
from replication.experiments.grid.verdicts import (
    at_this_size,
    beats_chance,
    beats_untrained,
    combined,
    standing_for,
    verdict_elsewhere,
    verdict_on_selectors,
)
from replication.reporting.run import CAVEAT, FAILS, FAILS_HERE, HOLDS, UNTESTABLE, UNTESTED

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


@pytest.mark.parametrize(
    ("sc", "verdict"), [(CLEARLY_LESS, FAILS), (EQUAL, FAILS), (CLEARLY_MORE, UNTESTED), (UNCLEAR, UNTESTED)]
)
def test_one_of_several_rivals_can_refute_but_not_prove(sc, verdict):
    found, evidence = verdict_on_selectors(runs(SC=sc), "measure", "SC", ["SGD", "OSGD"], 1.0, "a setting")
    assert found == verdict and "of SGD (" in evidence
    assert evidence.endswith("; this run trained no network with OSGD")
    table = runs(SC=sc)
    for first, others in (("SwapSearch", ["SGD"]), ("SC", ["OSGD"])):
        assert verdict_on_selectors(table, "measure", first, others, 1.0, "s")[0] == UNTESTED


def test_networks_that_learned_nothing_in_this_measure_settle_nothing():
    table = runs(SC=CLEARLY_MORE)
    assert beats_untrained(table, "measure", 1.0)[0] and not beats_untrained(table, "measure", 10.0)[0]
    table.loc[table.selector == UNTRAINED, "measure"] = 49
    verdict, evidence = verdict_on_selectors(table, "measure", "SC", ["SGD"], 1.0, "s")
    assert verdict == UNTESTABLE and "untrained 49.00: too little was learned" in evidence


def test_a_method_that_ruins_the_network_does_not_hide_it():
    verdict, _ = verdict_on_selectors(runs(SC=[-44, -43, -45, -44]), "measure", "SC", ["SGD"], 1.0, "s")
    assert verdict == FAILS


def test_methods_that_are_not_compared_do_not_matter():
    table = runs(SC=CLEARLY_MORE, OSGD=[-44, -43, -45, -44])
    assert verdict_on_selectors(table, "measure", "SC", ["SGD"], 1.0, "s")[0] == HOLDS


def test_one_seed_settles_nothing():
    table = runs(SC=CLEARLY_MORE)
    verdict, evidence = verdict_on_selectors(table[table.seed == 0], "measure", "SC", ["SGD"], 1.0, "s")
    assert verdict == UNTESTABLE and "nan" not in evidence


def test_methods_that_were_not_trained_are_untested():
    verdict, evidence = verdict_on_selectors(runs(), "measure", "SC", ["SGD"], 1.0, "s")
    assert verdict == UNTESTED and "no network with SC" in evidence


def test_another_data_set_leaves_the_claim_untested():
    assert verdict_elsewhere("cifar100", "cifar100", FAILS, "e", "`run it`") == (FAILS, "e")
    assert verdict_elsewhere("cifar100", "cifar100", UNTESTED, "e", "`run it`") == (UNTESTED, "e; not run: `run it`")
    assert verdict_elsewhere("digits", "cifar100", HOLDS, "e", "`run it`") == (UNTESTED, "needs cifar100: `run it`; here: e")


def test_variants_stand_for_the_method_of_a_claim():
    released = ["SGD", "OSGD, as released", "SC (exp)"]
    assert [standing_for(name, released) for name in ("SGD", "OSGD", "SC")] == released
    assert standing_for("SC", ["SC (exp)", "SGD", "SC"]) == "SC"
    assert standing_for("SC", ["SGD", "OSGD"]) == "SC"
    assert standing_for("SwapSearch", ["SwapSearch, hardness 0.25", "SwapSearch, whole set"]) == "SwapSearch, whole set"
    assert standing_for("SwapSearch", ["SwapSearch, hardness 0.25"]) == "SwapSearch"


def test_networks_near_chance_settle_nothing():
    table = runs(SC=CLEARLY_MORE)
    table = table[table.selector != UNTRAINED]
    assert verdict_on_selectors(table, "measure", "SC", ["SGD"], 1.0, "s", beats_chance(4.9))[0] == HOLDS
    verdict, evidence = verdict_on_selectors(table, "measure", "SC", ["SGD"], 1.0, "s", beats_chance(5.5))
    assert verdict == UNTESTABLE and "by chance 5.5" in evidence


@pytest.mark.parametrize(
    ("found", "verdict", "evidence"),
    [
        ([HOLDS, HOLDS], HOLDS, "0 | 1"),
        ([HOLDS, FAILS], CAVEAT, "0 | 1"),
        ([UNTESTABLE, HOLDS], CAVEAT, "1 | no judgement: 0"),
        ([CAVEAT], CAVEAT, "0"),
        ([CAVEAT, FAILS], CAVEAT, "0 | 1"),
        ([UNTESTABLE, FAILS], FAILS, "1 | no judgement: 0"),
        ([UNTESTABLE, UNTESTED], UNTESTABLE, "0 | 1"),
        ([UNTESTED], UNTESTED, "0"),
    ],
)
def test_several_judgements_make_one_verdict_and_the_evidence_begins_with_those_that_count(found, verdict, evidence):
    assert combined([(one, str(number)) for number, one in enumerate(found)]) == (verdict, evidence)


@pytest.mark.parametrize(
    ("share", "verdict", "expected"),
    [
        (1, HOLDS, HOLDS),
        (1, UNTESTED, UNTESTED),
        (1.2, FAILS, FAILS),
        (0.03, HOLDS, CAVEAT),
        (0.03, FAILS, FAILS_HERE),
        (0.5, UNTESTABLE, UNTESTABLE),
    ],
)
def test_a_shorter_training_cannot_speak_for_the_published_one(share, verdict, expected):
    found, evidence = at_this_size(share, verdict, "numbers")
    assert found == expected
    share_in_words = "the published number" if share >= 1 else f"{100 * share:.2g} % of the published number"
    assert evidence == ("numbers" if verdict == UNTESTED else f"at {share_in_words} of updates: numbers")
