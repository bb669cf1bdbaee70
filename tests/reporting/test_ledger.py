"""The claims ledger from hand-made results, and that its links lead somewhere."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from replication.reporting.finished_runs import finished_runs
from replication.reporting.ledger import claims_page, ledger, load_claims, not_run, short_ledger
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED, start_run

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
needs_a_report = pytest.mark.skipif(not (RESULTS / "CLAIMS.md").is_file(), reason="no report is committed yet")


def make_run(results, experiment, profile, claims, notebook="03_synthetic", **size):
    """A finished run that gave these verdicts: {claim: (verdict, evidence)}."""
    run = start_run(notebook, {"profile": profile, "results_dir": str(results / experiment / profile)})
    run.table("final", pd.DataFrame({"a": [1]}))
    for claim, (verdict, evidence) in claims.items():
        run.claim(claim, verdict, evidence, table="final", **size)
    return run.finish()


def verdict_of(results, claim):
    rows = ledger(results)
    return rows[rows.claim == load_claims()[claim]["claim"]].iloc[0]


def test_without_runs_every_claim_is_listed_as_untested(tmp_path):
    rows = ledger(tmp_path)
    assert rows.claim.tolist() == [claim["claim"] for claim in load_claims().values()]
    assert (rows.verdict == UNTESTED).all() and (rows.evidence == "").all() and (rows.links == "").all()
    assert set(rows.kind) == {"paper", "extension"}


def test_a_verdict_comes_with_its_number_and_its_table(tmp_path):
    make_run(tmp_path, "synthetic", "default", {"figure-2": (HOLDS, "6 of 6 runs")})
    row = verdict_of(tmp_path, "figure-2")
    assert (row.verdict, row.evidence) == (HOLDS, "6 of 6 runs")
    assert row.links == "[final](synthetic/default/tables/final.md), [run](synthetic/default/run.json)"
    for target in ("synthetic/default/tables/final.md", "synthetic/default/run.json"):
        assert (tmp_path / target).is_file()
    assert verdict_of(tmp_path, "figure-3-sc").verdict == UNTESTED


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        (("default", "full"), "full"),
        (("default", "cpu-cifar100"), "cpu-cifar100"),
        (("default", "scale-tiled"), "scale-tiled"),  # a name that stands in no list
        (("cpu-cifar100", "full", "gpu-cifar100"), "gpu-cifar100"),
        (("paper", "gpu", "coco"), "paper"),
    ],
)
def test_the_verdict_of_the_strongest_profile_wins(tmp_path, profiles, expected):
    for profile in profiles:
        make_run(tmp_path, "synthetic", profile, {"figure-2": (HOLDS if profile == expected else FAILS, profile)})
    assert verdict_of(tmp_path, "figure-2").evidence == expected
    assert next(iter(finished_runs(tmp_path))) == ("synthetic", expected)


def test_of_trained_networks_the_longest_run_with_three_seeds_is_quoted(tmp_path):
    for profile, verdict, updates, seeds in (
        ("cpu", FAILS, 5000, 5),
        ("cpu-long", UNTESTABLE, 156_200, 3),  # undecided, and the longest all the same
        ("gpu", HOLDS, 200_000, 2),
    ):
        claims = {"cifar-simclr": (verdict, profile)}
        make_run(tmp_path, "cifar", profile, claims, "05_cifar", updates=updates, seeds=seeds)
    assert verdict_of(tmp_path, "cifar-simclr").evidence == "cpu-long"
    make_run(tmp_path, "cifar", "paper", {"cifar-simclr": (UNTESTED, "paper")}, "05_cifar", updates=10**6, seeds=3)
    assert verdict_of(tmp_path, "cifar-simclr").evidence == "cpu-long"


def test_claims_that_do_not_tell_how_long_the_training_was_are_weighed_by_their_records(tmp_path):
    make_run(tmp_path, "cifar", "cpu", {"cifar-harder": (FAILS, "long")}, "05_cifar")
    (tmp_path / "cifar" / "cpu" / "records").mkdir()
    for seed in range(3):
        record = json.dumps({"updates": 5000, "settings": {"seed": seed}})
        (tmp_path / "cifar" / "cpu" / "records" / f"SGD-{seed}.json").write_text(record, encoding="utf-8")
    make_run(tmp_path, "cifar", "cpu-aged", {"cifar-harder": (UNTESTABLE, "short")}, "05_cifar", updates=625, seeds=3)
    assert verdict_of(tmp_path, "cifar-harder").evidence == "long"


def test_seeds_that_only_some_of_the_methods_have_do_not_count(tmp_path):
    make_run(tmp_path, "cifar", "cpu", {"cifar-harder": (UNTESTABLE, "one seed")}, "05_cifar")
    (tmp_path / "cifar" / "cpu" / "records").mkdir()
    for method, seeds in (("SGD", 5), ("SwapSearch", 1)):
        for seed in range(seeds):
            record = json.dumps({"updates": 5000, "settings": {"seed": seed, "method": method, "objective": "simclr"}})
            (tmp_path / "cifar" / "cpu" / "records" / f"{method}-{seed}.json").write_text(record, encoding="utf-8")
    make_run(tmp_path, "cifar", "cpu-aged", {"cifar-harder": (FAILS, "five seeds")}, "05_cifar", updates=625, seeds=5)
    assert verdict_of(tmp_path, "cifar-harder").evidence == "five seeds"


def test_of_runs_that_decide_the_one_with_the_most_cases_is_quoted_whatever_it_says(tmp_path):
    for profile, verdict, cases in (("cpu", HOLDS, 2), ("cpu-sizes", FAILS, 7), ("cpu-wide", UNTESTABLE, 9)):
        make_run(tmp_path, "map", profile, {"map-small": (verdict, profile)}, "07_map", cases=cases)
    assert verdict_of(tmp_path, "map-small").evidence == "cpu-sizes"
    make_run(tmp_path, "map", "cpu-none", {"map-small": (UNTESTED, "none")}, "07_map", cases=20)
    assert verdict_of(tmp_path, "map-small").evidence == "cpu-sizes"


def test_of_runs_that_tested_nothing_the_first_is_quoted_however_long(tmp_path):
    make_run(tmp_path, "cifar", "cpu", {"tiny-imagenet": (UNTESTED, "cpu")}, "05_cifar")
    make_run(tmp_path, "cifar", "default", {"tiny-imagenet": (UNTESTED, "default")}, "05_cifar", updates=440, seeds=3)
    assert verdict_of(tmp_path, "tiny-imagenet").evidence == "cpu"


def test_a_weaker_profile_fills_in_what_the_stronger_did_not_judge(tmp_path):
    make_run(tmp_path, "synthetic", "full", {"figure-2": (FAILS, "full")})
    make_run(tmp_path, "synthetic", "default", {"figure-2": (HOLDS, "default"), "figure-3-sc": (CAVEAT, "default")})
    assert verdict_of(tmp_path, "figure-2").evidence == "full"
    assert verdict_of(tmp_path, "figure-3-sc").evidence == "default"


def test_a_run_that_did_not_test_a_claim_hides_none_that_did(tmp_path):
    strong = {"figure-2": (UNTESTED, "full"), "figure-3-sc": (UNTESTED, "full"), "figure-3-osgd": (UNTESTABLE, "full")}
    weak = {"figure-2": (FAILS, "default"), "figure-3-sc": (UNTESTED, "default"), "figure-3-osgd": (HOLDS, "default")}
    make_run(tmp_path, "synthetic", "full", strong)
    make_run(tmp_path, "synthetic", "default", weak)
    assert verdict_of(tmp_path, "figure-2").evidence == verdict_of(tmp_path, "figure-3-osgd").evidence == "default"
    assert verdict_of(tmp_path, "figure-3-sc").evidence == "full"


def test_smoke_local_and_broken_off_runs_never_count(tmp_path):
    verdict = {"figure-2": (HOLDS, "no")}
    make_run(tmp_path, "synthetic", "smoke", verdict)
    make_run(tmp_path, "local", "default", verdict)
    (make_run(tmp_path, "other", "default", verdict) / "run.json").unlink()
    assert finished_runs(tmp_path) == {}
    assert verdict_of(tmp_path, "figure-2").verdict == UNTESTED


def test_the_page_counts_the_papers_claims_and_keeps_extensions_apart(tmp_path):
    make_run(tmp_path, "synthetic", "default", {"figure-2": (HOLDS, "|G - G*| = 0"), "clip-finetuning": (FAILS, "x")})
    page = claims_page(tmp_path)
    paper = sum(claim.get("kind") != "extension" for claim in load_claims().values())
    assert f"Of the paper's {paper} claims 1 holds, {paper - 1} are {UNTESTED}. Of " in page
    first, second = page.split("## Questions beyond the paper")
    assert r"| \|G - G*\| = 0 |" in first  # a bar inside a cell must not split it
    extension = load_claims()["clip-finetuning"]["claim"]
    assert extension in second and extension not in first
    ledgers = page.split("## Not run")[0]
    cells = {line.replace(r"\|", "").count("|") for line in ledgers.splitlines() if line.startswith("|")}
    assert cells == {6}
    assert claims_page(tmp_path) == page


def test_the_short_ledger_counts_every_verdict(tmp_path):
    make_run(tmp_path, "synthetic", "default", {"figure-2": (HOLDS, "x"), "figure-3-osgd": (CAVEAT, "y")})
    kinds = [claim.get("kind", "paper") for claim in load_claims().values()]
    paper, further = kinds.count("paper"), kinds.count("extension")
    text = short_ledger(tmp_path)
    assert text.startswith(
        f"Of the paper's {paper} claims 1 holds, 1 holds with a caveat, {paper - 2} are {UNTESTED}. Of {further} "
    )
    assert text.endswith("(results/CLAIMS.md).")


@needs_a_report
def test_every_link_of_the_committed_ledger_leads_to_a_file():
    for links in ledger(RESULTS).links:
        for target in re.findall(r"\]\(([^)]+)\)", links) if links else []:
            assert (RESULTS / target).is_file(), f"{target} does not exist"


def test_profiles_without_a_run_are_listed_with_their_command(tmp_path, monkeypatch):
    profiles = tmp_path / "notebooks" / "profiles" / "cifar"
    profiles.mkdir(parents=True)
    (tmp_path / "notebooks" / "05_cifar.ipynb").touch()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("smoke", "default", "gpu", "._gpu"):
        (profiles / f"{name}.yaml").write_text("# On a GPU.\nprofile: x\n", encoding="utf-8")
    monkeypatch.setattr("replication.reporting.ledger.finished_runs", lambda results: {("cifar", "default"): {}})
    table = not_run(tmp_path / "results").splitlines()
    assert table[2:] == ["| 05_cifar | gpu | On a GPU. | `python -m replication run cifar --profile gpu --publish` |"]
    monkeypatch.setattr(
        "replication.reporting.ledger.finished_runs", lambda results: {("cifar", p): {} for p in ("default", "gpu")}
    )
    assert not_run(tmp_path / "results") == "*(every profile has been run)*"
