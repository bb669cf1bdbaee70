import pandas as pd
import pytest

from replication.experiments.neighbours.in_words import survival_in_words
from replication.experiments.neighbours.survival_verdicts import judge_memory, judge_pairs, judge_partition
from replication.experiments.neighbours.surviving_losses import AMONG, ANOTHER, EQUAL, SAME
from replication.reporting.run import CAVEAT, FAILS, HOLDS

FAMILIES = ("all batches", "2-design", "fixed")
FOUND = {
    "InfoNCE": (SAME, SAME, ANOTHER),
    "SogCLR, no memory": (SAME, AMONG, ANOTHER),
    "SogCLR": (EQUAL, EQUAL, ANOTHER),
    "OPAUC, shared duals": (EQUAL, EQUAL, ANOTHER),
    "multiclass AUC, exp": (EQUAL, EQUAL, ANOTHER),
    "spectral": (EQUAL, EQUAL, ANOTHER),
    "spectral, shared dual": (EQUAL, EQUAL, EQUAL),
}


def table(**changes):
    """A survival table at d = 8 with other relations for some losses."""
    found = FOUND | {name.replace("_", " "): relations for name, relations in changes.items()}
    return pd.DataFrame(
        {"d": 8, "loss": loss, "family": family, "relation": relation}
        | {"difference": 0.0 if relation == EQUAL else 0.2, "ratio spread": 0.1, "gap": 0.3 if relation == ANOTHER else 0.0}
        for loss, relations in found.items()
        for family, relation in zip(FAMILIES, relations, strict=True)
    )


def test_what_was_expected_holds():
    assert [judge(table())[0] for judge in (judge_pairs, judge_memory, judge_partition)] == [HOLDS, HOLDS, HOLDS]
    assert "d=8" in judge_pairs(table())[1]


@pytest.mark.parametrize("changes", [{"spectral": (EQUAL, SAME, ANOTHER)}, {"InfoNCE": (EQUAL, EQUAL, ANOTHER)}])
def test_pairs_can_fail(changes):
    assert judge_pairs(table(**changes))[0] == FAILS


@pytest.mark.parametrize("relations", [(EQUAL, SAME, ANOTHER), (EQUAL, EQUAL, SAME)])
def test_memory_can_fail(relations):
    assert judge_memory(table(SogCLR=relations))[0] == FAILS


def test_partition():
    verdict, evidence = judge_partition(table(spectral=(EQUAL, EQUAL, SAME)))
    assert verdict == CAVEAT and "not: spectral at d=8 (same optimum)" in evidence
    assert judge_partition(table(InfoNCE=(SAME, SAME, SAME)))[0] == FAILS
    changed = table()
    changed.loc[(changed.loss == "spectral, shared dual") & (changed.family == "fixed"), "relation"] = SAME
    assert judge_partition(changed)[0] == FAILS


def test_in_words():
    text = survival_in_words(table())
    assert "on fixed 1 of 7 losses (spectral, shared dual)" in text
    assert "InfoNCE: same optimum (all batches at d=8" in text
