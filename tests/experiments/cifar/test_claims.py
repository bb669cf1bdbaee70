"""The claims of the notebook: all of its own in the registry, and their verdicts from planted differences."""

import pandas as pd
import pytest

from replication.experiments.cifar.claims import CLAIMS, judge
from replication.experiments.grid.records import UNTRAINED
from replication.reporting.ledger import load_claims
from replication.reporting.run import CAVEAT, FAILS, FAILS_HERE, HOLDS, UNTESTABLE, UNTESTED

NOISE = (0.0, 0.3, -0.2)  # of a seed, shared by its methods
PUBLISHED = 156_200  # updates: 100 epochs of 1,562 batches


def planted(objective="simclr", **better):
    """Runs in which a method's networks are better than those of SGD by so many points, in all measures."""
    columns = ["R@1", "kNN", *(f"corrupted R@1, severity {s}{way}" for s in (1, 5) for way in ("", ", recalibrated"))]
    rows = [
        {"objective": objective, "selector": method, "seed": seed} | dict.fromkeys(columns, value + noise)
        for method, value in ({"SGD": 50.0, UNTRAINED: 10.0} | {name: 50 + more for name, more in better.items()}).items()
        for seed, noise in enumerate(NOISE)
    ]
    return pd.DataFrame(rows)


def verdicts(runs, dataset="cifar100", batch_size=32, updates=PUBLISHED, severities=(1, 5)):
    return {name: verdict for name, verdict, *_ in judge(runs, dataset, batch_size, updates, list(severities), 1.0, "setting")}


def test_every_claim_of_the_notebook_in_the_registry_is_judged():
    assert {claim.name for claim in CLAIMS} == {n for n, c in load_claims().items() if c["notebook"] == "05_cifar"}


def test_planted_differences_are_found():
    found = verdicts(planted(OSGD=2.0, SC=4.0, SwapSearch=-3.0))
    assert found["cifar-simclr"] == found["cifar-original"] == found["cifar-recalibrated"] == found["cifar-classes"] == HOLDS
    assert found["cifar-harder"] == found["cifar-shuffled"] == FAILS  # SC beats shuffled batches, SwapSearch does not
    assert found["cifar-sogclr"] == found["tiny-imagenet"] == UNTESTED
    assert verdicts(planted(SC=-4.0, SwapSearch=-3.0))["cifar-shuffled"] == HOLDS


def test_objectives_are_compared_by_seed():
    runs = pd.concat([planted(SC=-3.0), planted("simclr, snapshot", SC=2.0)])
    found = verdicts(runs)
    assert found["cifar-snapshot"] == found["cifar-snapshot-shuffled"] == HOLDS
    assert found["cifar-simclr"] == FAILS  # without OSGD too, as SC is worse than shuffled batches
    assert verdicts(planted(SC=3.0))["cifar-simclr"] == UNTESTED
    assert verdicts(pd.concat([planted(SC=-3.0), planted("simclr, snapshot", SC=-2.0)]))["cifar-snapshot-shuffled"] == FAILS
    words = next(w for name, _, w, _ in judge(runs, "cifar100", 32, PUBLISHED, [5], 1.0, "x") if name == "cifar-snapshot")
    assert "of SC (simclr, snapshot), %: " in words and " of SC (+5.00" in words


def test_n_counts_the_seeds_of_what_is_compared_not_those_of_other_objectives():
    snapshot = planted("simclr, snapshot", SC=2.0)
    runs = pd.concat([planted(SC=-3.0), snapshot[snapshot.seed == 0]])
    found = {name: n for name, _, _, n in judge(runs, "cifar100", 32, PUBLISHED, [5], 1.0, "x")}
    assert found["cifar-classes"] == len(NOISE) and found["cifar-snapshot"] == 1 and found["cifar-harder"] == 0


def test_severities_are_judged_apart():
    runs = planted(OSGD=2.0, SC=4.0)
    runs.loc[runs.selector == "SC", "corrupted R@1, severity 5"] -= 8
    assert verdicts(runs)["cifar-simclr"] == CAVEAT and verdicts(runs, severities=(5,))["cifar-simclr"] == FAILS
    runs["corrupted R@1, severity 1"] = 10.0  # nothing learned there
    assert verdicts(runs)["cifar-simclr"] == FAILS and verdicts(runs, severities=(1,))["cifar-simclr"] == UNTESTABLE


@pytest.mark.parametrize(("more", "verdict"), [(4.0, CAVEAT), (-4.0, FAILS_HERE)])
def test_fewer_updates_than_published_cannot_speak_for_them(more, verdict):
    found = {name: rest for name, *rest in judge(planted(OSGD=0.0, SC=more), "cifar100", 32, 5000, [1, 5], 1.0, "setting")}
    assert found["cifar-simclr"][0] == verdict
    assert found["cifar-simclr"][1].startswith("at 3.2 % of the published number of updates: simclr, setting: ")


@pytest.mark.parametrize("used", [{"dataset": "digits"}, {"batch_size": 128}])
def test_other_data_or_batches_test_nothing_and_say_what_would(used):
    assert set(verdicts(planted(OSGD=2.0, SC=4.0), **used).values()) == {UNTESTED}
    found = {name: words for name, _, words, _ in judge(planted(SC=4.0), "digits", 32, 5000, [1], 1.0, "setting")}
    assert found["cifar-simclr"].startswith("needs cifar100, B=32: `python -m replication run cifar --profile gpu --publish`")
    assert "--profile gpu-tiny-imagenet --publish" in found["tiny-imagenet"]


def test_tiny_imagenet_has_a_claim_of_its_own():
    found = verdicts(planted(OSGD=2.0, SC=4.0), "tiny-imagenet", updates=312_500)
    assert {name for name, verdict in found.items() if verdict != UNTESTED} == {"tiny-imagenet"}
    assert found["tiny-imagenet"] == HOLDS


def test_released_variants_stand_for_methods_and_objectives():
    runs = planted("sogclr, as released", **{"OSGD, as released": 2.0, "SC (exp)": 4.0})
    assert verdicts(runs)["cifar-sogclr"] == HOLDS
