"""Sweeps over a stand-in experiment: which settings come next, what is resumed, and what is said; once with real notebooks."""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from sweep_runs import write_run

from replication.__main__ import main
from replication.reporting import sweep as sweeping
from replication.reporting.notebooks import UsageError
from replication.reporting.runner import NotebookError
from replication.reporting.sweep import FIRST, LEARNING, RANDOM, means_and_noise, next_settings, sweep
from replication.reporting.sweep_description import read_description
from replication.reporting.sweep_records import Tried

PARAMETERS = 'profile = "default"\nresults_dir = "results/local/alpha"\nlr = 0.1\nk = 4\nseeds = 3\nmode = "finish"'
BODY = """import math
import pandas as pd
from replication.reporting.run import start_run
parameters = {"profile": profile, "results_dir": results_dir, "lr": lr, "k": k, "seeds": seeds, "mode": mode}
run = start_run("01_alpha", parameters)
run.table("runs", pd.DataFrame({"seed": range(seeds), "score": [-math.log10(lr / 0.03) ** 2] * seeds}))
run.finish()"""
SWEEP = {"vary": {"lr": "0.001 to 1, log", "k": "2 to 9, integer"}, "table": "runs", "column": "score"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    place = tmp_path / "notebooks" / "profiles" / "alpha" / "default.yaml"
    place.parent.mkdir(parents=True)
    place.write_text("profile: default\n", encoding="utf-8")
    cells = [nbformat.v4.new_code_cell(PARAMETERS), nbformat.v4.new_code_cell(BODY)]
    cells[0].metadata["tags"] = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "notebooks" / "01_alpha.ipynb")
    describe(tmp_path, SWEEP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def describe(project, content):
    place = project / "notebooks" / "sweeps" / "alpha.yaml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


class StandIn:
    """Runs commands of the sweep in this process: a score that is best at lr = 0.03, with the noise of three seeds.

    Attributes:
        rounds: the settings of each round, as texts by parameter.
        clock: seconds that have passed; a round takes `takes`.
    """

    def __init__(self, monkeypatch=None, takes=60.0, fails=lambda setting: False):
        self.rounds, self.clock, self.takes, self.fails = [], 0.0, takes, fails
        if monkeypatch:
            monkeypatch.setattr(sweeping.time, "monotonic", lambda: self.clock)

    def __call__(self, commands, logs):
        codes, self.clock = [], self.clock + self.takes
        self.rounds.append([])
        for command, log in zip(commands, logs, strict=True):
            texts = [part for before, part in pairwise(command) if before == "--set"]
            setting = dict(text.split("=", 1) for text in texts)
            self.rounds[-1].append(setting)
            failed = self.fails(setting)
            if failed:
                log.write_text("running\nerror: it diverged\n", encoding="utf-8")
            else:
                finish(setting)
            codes.append(int(failed))
        return codes


def finish(setting):
    lr, k = float(setting["lr"]), int(setting.get("k", 4))
    parameters = {"profile": "default", "lr": lr, "k": k, "seeds": 3, "mode": "finish", "results_dir": setting["results_dir"]}
    noise = 0.05 * np.random.default_rng(int(1e6 * lr) + k).standard_normal(3)
    write_run(Path(setting["results_dir"]), parameters, {"score": -(np.log10(lr / 0.03) ** 2) + noise})


def test_rounds_fit_into_the_minutes_and_rules_take_turns(project, monkeypatch, capsys):
    stand_in = StandIn(monkeypatch)
    table = sweep("alpha", "default", 4.5, parallel=4, start=stand_in)
    assert [len(each) for each in stand_in.rounds] == [4] * 4  # the fifth would have ended after the minutes
    assert table.rule.value_counts().to_dict() == {FIRST: 4, LEARNING: 6, RANDOM: 6}
    assert len(table[["lr", "k"]].drop_duplicates()) == 16
    said = capsys.readouterr().out
    assert said.count("TS-RSR: lr ") == 6 and "largest score, of 16 settings:" in said
    assert "first settings and 6 of TS-RSR: " in said and "first settings and 6 of random: " in said
    written = pd.read_csv(project / "results/local/alpha/sweep-default/settings.csv")
    assert list(written) == ["number", "rule", "lr", "k", "mean", "standard error", "n", "seconds"]
    assert (written["mean"].diff().dropna() <= 0).all() and (written.n == 3).all()


def test_what_learns_ends_near_the_best_setting(project, monkeypatch):
    table = sweep("alpha", "default", 6.5, parallel=3, start=StandIn(monkeypatch))
    learned = table[table.rule == LEARNING].sort_values("number").tail(4)
    assert np.log10(learned.lr / 0.03).abs().median() < 0.2 < np.log10(table[table.rule == RANDOM].lr / 0.03).abs().median()


def test_a_sweep_goes_on_from_the_disk_as_if_it_had_not_stopped(project, monkeypatch, tmp_path_factory):
    whole = StandIn(monkeypatch)
    expected = sweep("alpha", "default", 4.5, parallel=2, start=whole)
    other = tmp_path_factory.mktemp("other")
    os.rename(project / "results", other / "results")
    pieces = []
    for _ in range(4):
        piece = StandIn(monkeypatch)
        found = sweep("alpha", "default", 0.5, parallel=2, start=piece)  # the first round of a call begins in any case
        pieces += piece.rounds
    assert pieces == whole.rounds
    pd.testing.assert_frame_equal(found.drop(columns="seconds"), expected.drop(columns="seconds"))


def test_what_was_broken_off_is_run_first(project, monkeypatch):
    def interrupted(commands, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep("alpha", "default", 1.0, parallel=3, start=interrupted)
    stand_in = StandIn(monkeypatch)
    table = sweep("alpha", "default", 0.5, parallel=2, start=stand_in)
    plans = [json.loads(Path(f"results/local/alpha/sweep-default/00{n}.json").read_text(encoding="utf-8")) for n in (1, 2, 3)]
    assert [{"lr": float(s["lr"]), "k": int(s["k"])} for s in stand_in.rounds[0]] == [plan["setting"] for plan in plans[:2]]
    assert len(table) == 2


def test_a_setting_that_fails_is_said_and_not_tried_again(project, monkeypatch, capsys):
    stand_in = StandIn(monkeypatch, fails=lambda setting: float(setting["lr"]) > 0.2)
    table = sweep("alpha", "default", 4.5, parallel=4, start=stand_in)
    ran = [setting["results_dir"] for each in stand_in.rounds for setting in each]
    failed = [setting for each in stand_in.rounds for setting in each if float(setting["lr"]) > 0.2]
    assert failed and len(ran) == len(set(ran)) == len(table) + len(failed)
    assert "failed, and will not be tried again: error: it diverged" in capsys.readouterr().out
    again = StandIn(monkeypatch, fails=stand_in.fails)
    sweep("alpha", "default", 0.5, parallel=4, start=again)
    assert not {setting["results_dir"] for setting in again.rounds[0]} & set(ran)


def test_a_round_of_failures_ends_the_sweep(project, monkeypatch):
    with pytest.raises(NotebookError, match=r"^all 2 runs of a round failed; the first: error: it diverged$"):
        sweep("alpha", "default", 60.0, parallel=2, start=StandIn(monkeypatch, fails=lambda setting: True))


def test_a_small_space_ends_by_itself(project, monkeypatch, capsys):
    describe(project, SWEEP | {"vary": {"k": "2 to 6, integer"}, "set": {"lr": "0.1"}})
    table = sweep("alpha", "default", 60.0, parallel=2, start=StandIn(monkeypatch))
    assert sorted(table.k) == [2, 3, 4, 5, 6] and "no settings are left" in capsys.readouterr().out


def test_records_of_another_space_are_left_aside(project, monkeypatch, capsys):
    sweep("alpha", "default", 0.5, parallel=3, start=StandIn(monkeypatch))
    describe(project, SWEEP | {"vary": {"lr": "0.001 to 1, log"}})
    table = sweep("alpha", "default", 0.5, parallel=2, start=StandIn(monkeypatch))
    assert "left aside: 3 settings of other parameters or another space" in capsys.readouterr().out
    assert sorted(table.number) == [4, 5]


def tried(*scores):
    settings = [{"lr": 0.001 * 2**place, "k": 2 + place} for place in range(len(scores))]
    return [Tried(place + 1, FIRST, settings[place], list(values)) for place, values in enumerate(scores)]


def test_the_goal_decides_the_direction(project):
    """A line that rises with lr: proposals go up, or down."""
    found = {}
    for goal in ("largest", "smallest"):
        describe(project, {"vary": {"lr": "0.001 to 1, log"}, "table": "runs", "column": "score", "goal": goal})
        description = read_description("alpha", "default", project / "notebooks/sweeps/alpha.yaml")
        settings = [
            Tried(n, FIRST, {"lr": lr}, [np.log10(lr)] * 3) for n, lr in enumerate([0.005, 0.01, 0.03, 0.1, 0.2], start=1)
        ]
        (each,) = next_settings(description, settings, 1, 6)
        found[goal] = each.setting["lr"]
    assert found["smallest"] < 0.005 and found["largest"] > 0.2


def test_one_seed_each_says_that_the_noise_is_unknown(capsys):
    means, noise = means_and_noise(tried([1.0], [3.0]))
    assert means.tolist() == [1.0, 3.0] and noise.tolist() == [0.01, 0.01]
    assert capsys.readouterr().out.startswith("each setting has one seed, so the noise is unknown")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["alpha", "--minutes", "0"], "--minutes '0' must be a number > 0, such as 10"),
        (["alpha", "--minutes", "1", "--parallel", "1.5"], "--parallel '1.5' must be an integer"),
        (["gamma", "--minutes", "1"], "experiment 'gamma' must be one of alpha"),
        (["alpha", "--minutes", "1", "--profile", "big"], "profile 'big' of alpha must be one of default"),
        (["alpha", "--minutes", "1", "--space", "x.yaml"], "--space x.yaml must be a file that exists"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(project, capsys, arguments, message):
    assert main(["sweep", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}") and error.count("\n") == 1


def test_two_sweeps_do_not_write_into_one_folder(project, monkeypatch):
    def busy(target):
        raise BlockingIOError("process 7")

    monkeypatch.setattr(sweeping, "FolderLock", busy)
    with pytest.raises(UsageError, match=r"results/local/alpha/sweep-default is being written by process 7; wait for it"):
        sweep("alpha", "default", 1.0)


@pytest.mark.slow
@pytest.mark.notebook
def test_real_notebooks_are_run_side_by_side(project, capsys):
    assert main(["sweep", "alpha", "--minutes", "0.001", "--parallel", "2"]) == 0
    folder = project / "results/local/alpha/sweep-default"
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == [
        "001", "001.json", "001.log", "002", "002.json", "002.log", "settings.csv"
    ]  # fmt: skip
    table = pd.read_csv(folder / "settings.csv")
    np.testing.assert_allclose(table["mean"], -(np.log10(table.lr / 0.03) ** 2), rtol=1e-4)
    assert "001 first: lr " in capsys.readouterr().out


def test_commands_run_side_by_side_and_are_ended_with_an_interruption(tmp_path):
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    commands = [[sys.executable, "-c", f"print('here'); raise SystemExit({code})"] for code in (0, 3)]
    assert sweeping.side_by_side(commands, logs) == [0, 3]
    assert [log.read_text(encoding="utf-8") for log in logs] == ["here\n"] * 2
