"""The command line's listing, values, report and comparison (running notebooks: test_runner.py)."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from replication.__main__ import main
from replication.reporting.ledger import claims_page
from replication.reporting.run import start_run

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("01_alpha.ipynb", "02_beta.ipynb"):
        (tmp_path / "notebooks" / name).write_text('{"cells": []}', encoding="utf-8")
    for name in ("alpha/default", "alpha/smoke", "beta/default"):
        path = tmp_path / "notebooks" / "profiles" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def make_run(folder):
    run = start_run("01_alpha", {"results_dir": folder})
    run.table("rows", pd.DataFrame({"a": [1]}))
    run.finish()


def test_list_shows_experiments_profiles_and_finished_runs(project, capsys):
    make_run("results/alpha/default")
    make_run("results/local/alpha/default")
    make_run("results/local/alpha/smoke")
    assert main(["list"]) == 0
    assert [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()] == [
        ["alpha", "notebooks/01_alpha.ipynb"],
        ["default", "published, local"],
        ["smoke", "local"],
        ["beta", "notebooks/02_beta.ipynb"],
        ["default", "not run"],
    ]


def test_list_shows_the_experiments_of_this_project(capsys, monkeypatch):
    monkeypatch.chdir(ROOT / "notebooks")  # works from any folder inside
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"notebooks/{notebook.name}" in listed


def test_compare_ends_in_a_conclusion(project, capsys):
    make_run("results/alpha/default")
    make_run("results/local/alpha/default")
    assert main(["compare"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Conclusion: this machine comes to the same conclusions")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "--profile", "nosuch"], "--profile 'nosuch' must be one of default, smoke"),
        (["report", "--results", "nowhere"], "--results 'nowhere' must be a folder that exists"),
        (["records", "check", "nowhere"], "'nowhere' must be a folder that holds records of trainings"),
    ],
)
def test_wrong_options_are_one_line_and_exit_code_2(project, capsys, arguments, message):
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"error: {message}\n"
    assert not (project / "nowhere").exists()


@pytest.mark.parametrize("absolute", [True, False])
def test_report_writes_the_ledger_of_a_folder(project, capsys, absolute):
    folder = project / "results" / "local"
    folder.mkdir(parents=True)
    assert main(["report", "--results", str(folder if absolute else "results/local")]) == 0
    assert capsys.readouterr().out == "claims ledger: results/local/CLAIMS.md\n"
    assert (folder / "CLAIMS.md").read_text(encoding="utf-8") == claims_page(folder)


def test_report_takes_a_folder_outside_the_project(project, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert main(["report", "--results", str(elsewhere)]) == 0
    assert capsys.readouterr().out == f"claims ledger: {elsewhere / 'CLAIMS.md'}\n"


def test_the_module_is_a_program(project, monkeypatch):
    monkeypatch.delitem(sys.modules, "replication.__main__")
    for arguments, code in ((["list"], 0), (["run", "gamma"], 2), (["run"], 2)):
        monkeypatch.setattr(sys, "argv", ["replication", *arguments])
        with pytest.raises(SystemExit) as caught:
            runpy.run_module("replication", run_name="__main__")
        assert caught.value.code == code


@pytest.mark.parametrize("command", [["list"], ["run", "alpha"], ["run", "all"], ["compare"], ["report"]])
def test_outside_a_clone_each_command_says_so(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    line = f"error: {tmp_path} holds no notebooks; this command works only in the cloned folder of the project, or below it\n"
    assert capsys.readouterr().err == line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pipes as on POSIX")
def test_a_closed_pipe_is_silent():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "replication", "list"]
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_verify_names_files_that_differ_from_their_record(project, capsys):
    assert main(["verify"]) == 2 and "holds no committed runs" in capsys.readouterr().err
    make_run("results/alpha/default")
    assert main(["verify"]) == 0 and capsys.readouterr().out == "1 runs: no files changed\n"
    (project / "results/alpha/default/tables/rows.csv").write_text("a\n2\n", encoding="utf-8")
    assert main(["verify"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "results/alpha/default/tables/rows.csv is missing or not what its run wrote",
        "1 runs: 1 file changed",
    ]


def test_the_committed_runs_are_as_their_runs_wrote_them(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(["verify"]) == 0, capsys.readouterr().out
