"""The comparison of local runs with the committed ones: verdicts, the line of an experiment, the conclusion, machines."""

import json

import numpy as np
import pandas as pd
import pytest

from replication.__main__ import main
from replication.reporting.compare import compare_all, report
from replication.reporting.run import CAVEAT, FAILS, HOLDS, start_run

RUNS = pd.DataFrame({"method": ["SGD", "SC"] * 10, "seed": np.repeat(range(10), 2), "loss": np.linspace(1, 2, 20)})
SUMMARY = pd.DataFrame({"method": ["SGD", "SC"], "loss": [1.4, 1.6]})


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "notebooks" / "profiles" / "alpha").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    for name in ("notebooks/01_alpha.ipynb", "notebooks/01_alpha.default.yaml", "notebooks/profiles/alpha/default.yaml"):
        (tmp_path / name).write_text('{"cells": []}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_run(place, runs=RUNS, summary=SUMMARY, verdict=HOLDS, **parameters):
    run = start_run("01_alpha", {"results_dir": f"results/{place}", "profile": "default"} | parameters)
    run.table("runs", runs, per_seed=["method"])
    run.table("summary", summary, made_from="runs")
    run.claim("prop-1", verdict, "a number")
    run.claim("lemma-1", FAILS, "another number")
    return run.finish()


def compared(capsys, **local):
    make_run("alpha/default")
    make_run("local/alpha/default", **local)
    code = main(["compare"])
    return code, capsys.readouterr().out.splitlines()


def moved(noise=0.0, shift=0.0):
    return RUNS.assign(loss=RUNS.loss + shift + np.random.default_rng(0).normal(0, 1, 20) * noise)


def test_an_equal_run_comes_to_the_same_conclusions(project, capsys):
    code, lines = compared(capsys)
    assert code == 0
    assert lines[0] == "2 of 2 verdicts agree with the committed ones."
    assert "alpha: identical (2 verdicts; of 2 tables 2 identical)" in lines
    assert lines[-1].startswith("Conclusion: this machine comes to the same conclusions: all 2 verdicts agree")
    assert not any(line.startswith("Rounding:") for line in lines)


@pytest.mark.parametrize(("noise", "state"), [(1e-8, "equal within rounding"), (0.1, "within the noise of the seeds")])
def test_rounding_and_noise_are_no_other_conclusion(project, capsys, noise, state):
    code, lines = compared(capsys, runs=moved(noise), summary=SUMMARY.assign(loss=SUMMARY.loss + noise / 3))
    assert code == 0
    assert any(line.startswith(f"alpha: {state} (2 verdicts;") for line in lines)
    assert any(line.startswith("Rounding:") for line in lines)  # the rule is stated
    assert lines[-1].startswith("Conclusion: this machine comes to the same conclusions") and f"1 {state}" in lines[-1]


def test_a_number_beyond_the_noise_is_named_and_ends_with_1(project, capsys):
    code, lines = compared(capsys, runs=moved(0.01, shift=0.5), summary=SUMMARY.assign(loss=SUMMARY.loss + 0.5))
    assert code == 1
    named = [line for line in lines if line.startswith("alpha: runs: mean of 'loss', method=")]
    assert len(named) == 2 and "committed (sd over seeds" in named[0]
    assert lines[-1].startswith("Conclusion: this machine does NOT come to the same conclusions: 0 of 2 verdicts turned")


def test_a_verdict_that_turned_is_named_and_ends_with_1(project, capsys):
    code, lines = compared(capsys, verdict=CAVEAT)
    assert code == 1
    assert lines[0] == "1 of 2 verdicts agree with the committed ones."
    assert lines[1].startswith("alpha: prop-1: 'holds with a caveat' here, 'holds' committed (")
    assert "NOT" in lines[-1] and "1 of 2 verdicts turned" in lines[-1]


def test_a_run_with_other_parameters_is_not_compared(project, capsys):
    make_run("alpha/default", seeds=5)
    make_run("local/alpha/default", seeds=3)
    assert main(["compare"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "alpha: not compared: its parameters are others (seeds 3 here, 5 committed)"
    assert lines[-1] == "Conclusion: no local run of profile 'default' to compare."


def test_runs_without_a_partner_are_told(project):
    make_run("local/alpha/default")
    (run,) = compare_all()
    assert run.summary() == "alpha: not compared: no committed run of this profile"
    assert report(compare_all("smoke"), "smoke") == (["Conclusion: no local run of profile 'smoke' to compare."], True)


def test_a_broken_off_local_run_is_not_compared(project):
    make_run("alpha/default")
    (make_run("local/alpha/default") / "run.json").unlink()
    assert compare_all() == []


def test_many_lines_about_one_table_are_counted(project, capsys):
    many = pd.DataFrame({"method": [f"m{n}" for n in range(9)], "loss": range(9)})
    make_run("alpha/default", summary=many)
    make_run("local/alpha/default", summary=many.assign(loss=many.loss + 1))
    assert main(["compare"]) == 1
    about = [line for line in capsys.readouterr().out.splitlines() if line.startswith("alpha: summary:")]
    assert len(about) == 6 and about[-1] == "alpha: summary: and 4 more"


def test_the_difference_of_the_machines_is_named(project, capsys):
    path = make_run("alpha/default") / "run.json"
    make_run("local/alpha/default")
    record = json.loads(path.read_text(encoding="utf-8"))
    record["rounding"]["torch"] = "KERNELS"  # no machine's
    here = json.loads((project / "results/local/alpha/default/run.json").read_text(encoding="utf-8"))["rounding"]["torch"]
    path.write_text(json.dumps(record), encoding="utf-8")
    assert main(["compare"]) == 0
    assert f"The committed runs were made with torch KERNELS; here torch {here}." in capsys.readouterr().out
    del record["rounding"]  # as in runs made before it was recorded
    path.write_text(json.dumps(record), encoding="utf-8")
    assert main(["compare"]) == 0
