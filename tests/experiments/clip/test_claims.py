"""The claims of the notebook: all of its own in the registry, and their verdicts from planted differences."""

import pandas as pd
import pytest

from replication.experiments.clip.claims import CLAIMS, judge
from replication.reporting.ledger import load_claims
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED

NOISE = (0.0, 0.3, -0.2)  # of a seed, shared by its methods


def planted(objective="clip", recalibrated=None, level=50.0, **better):
    """Runs in which a method's networks are better than those of SGD by so many points, in every measure."""
    values = {"SGD": 0.0} | better
    weights = values | (recalibrated or {})
    return pd.DataFrame(
        {"objective": objective, "selector": method, "seed": seed}
        | {measure: level + more + noise for measure in ("mean R@1", "mean R@10")}
        | {f"{measure}, recalibrated": level + weights[method] + noise for measure in ("mean R@1", "mean R@10")}
        for method, more in values.items()
        for seed, noise in enumerate(NOISE)
    )


def verdicts(runs, source="flickr8k", tests=1000, batch_size=32):
    return {name: verdict for name, verdict, *_ in judge(runs, source, batch_size, tests, 1.0, "setting")}


def test_every_claim_of_the_notebook_in_the_registry_is_judged():
    assert {claim.name for claim in CLAIMS} == {n for n, c in load_claims().items() if c["notebook"] == "06_clip"}


def test_planted_differences_are_found():
    found = verdicts(planted(SC=3.0, OSGD=-3.0))
    assert {name: found[name] for name in ("clip-finetuning", "clip-osgd", "clip-harder")} == {
        "clip-finetuning": HOLDS,
        "clip-osgd": FAILS,
        "clip-harder": UNTESTED,
    }
    assert verdicts(planted(**{"SC (exp)": 3.0}))["clip-finetuning"] == HOLDS


def test_better_weights_alone_are_a_caveat():
    assert verdicts(planted(SC=-3.0, recalibrated={"SC": 3.0}))["clip-finetuning"] == CAVEAT


def test_networks_near_chance_test_nothing():
    assert verdicts(planted(SC=3.0, level=5.0), tests=100)["clip-finetuning"] == UNTESTABLE


def test_image_towers_without_batch_normalisation_have_one_measure():
    runs = planted(SC=3.0).drop(columns=["mean R@1, recalibrated", "mean R@10, recalibrated"])
    assert verdicts(runs)["clip-finetuning"] == HOLDS


def test_a_claim_is_judged_at_its_own_batch_size():
    runs = planted(**{"SC": 3.0, "SwapSearch, k 10": 3.0, "SwapSearch, k 10, hardness 0.25": -3.0})
    small, large = verdicts(runs, batch_size=8), verdicts(runs)
    assert small["clip-small"] == HOLDS and small["clip-small-quarter"] == FAILS and small["clip-finetuning"] == UNTESTED
    assert large["clip-small"] == large["clip-small-quarter"] == UNTESTED and large["clip-finetuning"] == HOLDS
    evidence = {name: words for name, _, words, _ in judge(runs, "flickr8k", 32, 1000, 1.0, "setting")}["clip-small"]
    assert evidence.startswith("needs flickr8k, B=8: `python -m replication run clip --profile cpu-small --publish`; here: ")


def test_ten_retrieved_images_have_ten_times_the_chance_of_one():
    runs = planted(level=9.0, **{"SwapSearch, k 10": 0.9})  # in 1,000 images: ten times chance is 10 %
    assert verdicts(runs, batch_size=8)["clip-small"] == UNTESTABLE


@pytest.mark.parametrize("source", ["digits", "own.csv"])
def test_other_data_test_nothing_and_say_what_would(source):
    found = judge(planted(SC=3.0), source, 32, 1000, 1.0, "setting")
    assert {verdict for _, verdict, *_ in found} == {UNTESTED}
    command = "`python -m replication run clip --profile cpu --publish` (or gpu)"
    assert found[0][2].startswith(f"needs flickr8k, B=32: {command}; here: ")


def test_the_claims_are_about_open_clips_loss_whatever_the_order():
    runs = pd.concat([planted("sogclr", SC=-3.0), planted(SC=3.0)])
    assert verdicts(runs)["clip-finetuning"] == HOLDS
    ((_, verdict, evidence, _), *_) = judge(planted("sogclr", SC=-3.0), "flickr8k", 32, 1000, 1.0, "setting")
    assert verdict == FAILS and "sogclr, setting" in evidence
