"""Damaged records and results: each is told apart in one line, and no command takes them for a finished run."""

import json

import pandas as pd
import pytest

from replication.__main__ import main
from replication.reporting.pages import write_report
from replication.reporting.run import start_run
from replication.reporting.run_record import RecordError, changed_files, check_files, read_record, verify

FRAME = pd.DataFrame({"a": [1, 2]})
DAMAGES = {
    "cut off": lambda text: text[:300],
    "merge conflict": lambda text: f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n",
    "empty": lambda text: "",
    "no mapping": lambda text: "[]",
    "nothing in it": lambda text: "{}",
    "files missing": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "files"}),
    "another type": lambda text: json.dumps(json.loads(text) | {"wall_seconds": "long"}),
    "hardware missing": lambda text: json.dumps(json.loads(text) | {"hardware": {}}),
    "a way out": lambda text: json.dumps(json.loads(text) | {"files": {"../../x": "0"}}),
}
every_damage = pytest.mark.parametrize("damage", DAMAGES)


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "notebooks" / "profiles" / "alpha").mkdir(parents=True)
    (tmp_path / "notebooks" / "01_alpha.ipynb").write_text('{"cells": []}', encoding="utf-8")
    (tmp_path / "notebooks" / "profiles" / "alpha" / "default.yaml").touch()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_run(folder, **tables):
    run = start_run("01_alpha", {"results_dir": str(folder), "profile": "default"})
    for name in tables or ("rows",):
        run.table(name, FRAME)
    return run.finish()


def spoil(folder, damage):
    path = folder / "run.json"
    path.write_text(DAMAGES[damage](path.read_text(encoding="utf-8")), encoding="utf-8")


def one_line(capsys):
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Traceback" not in error
    return error


@every_damage
def test_a_damaged_record_names_the_file_and_what_to_do(project, damage):
    folder = make_run("results/alpha/default")
    spoil(folder, damage)
    with pytest.raises(RecordError) as caught:
        read_record(folder)
    text = str(caught.value)
    assert text.startswith("results/alpha/default/run.json is damaged (") and "\n" not in text
    assert text.endswith("; run the notebook again, or restore the file from git")
    assert verify(folder) == ["run.json"]


@every_damage
def test_compare_report_and_list_say_so_in_one_line(project, damage, capsys):
    make_run("results/alpha/default")
    spoil(make_run("results/local/alpha/default"), damage)
    for command in (["compare"], ["report", "--results", "results/local"]):
        assert main(command) == 2
        assert one_line(capsys).startswith("error: results/local/alpha/default/run.json is damaged")
    assert not (project / "results" / "local" / "CLAIMS.md").exists()
    assert main(["list"]) == 0
    assert "published, local (results/local/alpha/default/run.json is damaged" in capsys.readouterr().out


@every_damage
def test_a_new_run_replaces_what_a_damaged_record_described(project, damage):
    folder = make_run("results/local/alpha/default", old=FRAME)
    (folder / "tables" / "notes.txt").write_text("mine", encoding="utf-8")
    spoil(folder, damage)
    make_run(folder, new=FRAME)
    assert verify(folder) == []
    assert {path.name for path in (folder / "tables").iterdir()} == {"new.csv", "new.md", "new.tex", "notes.txt"}


def test_files_that_are_missing_or_changed_are_named(project):
    folder = make_run("results/alpha/default")
    check_files(folder, read_record(folder))
    table = folder / "tables" / "rows.csv"
    table.write_bytes(table.read_bytes()[:3])
    (folder / "tables" / "rows.md").unlink()
    assert changed_files(folder, read_record(folder)) == ["tables/rows.csv", "tables/rows.md"]
    with pytest.raises(RecordError, match=r"^results/alpha/default/tables/rows.csv and 1 more is missing or not what its run"):
        check_files(folder, read_record(folder))


def test_the_report_is_not_written_from_changed_tables(project, capsys):
    folder = make_run("results/local/alpha/default")
    (folder / "tables" / "rows.csv").write_text("a\n7\n", encoding="utf-8")
    with pytest.raises(RecordError):
        write_report(project / "results" / "local")
    assert main(["report", "--results", "results/local"]) == 2
    assert "results/local/alpha/default/tables/rows.csv is missing or not what" in one_line(capsys)
    assert not (project / "results" / "local" / "CLAIMS.md").exists()


@pytest.mark.parametrize("place", ["results/alpha/default", "results/local/alpha/default"])
def test_compare_and_list_name_a_table_that_was_cut_off(project, place, capsys):
    for folder in ("results/alpha/default", "results/local/alpha/default"):
        make_run(folder)
    (project / place / "tables" / "rows.csv").write_text("", encoding="utf-8")
    assert main(["compare"]) == 2
    assert one_line(capsys).startswith(f"error: {place}/tables/rows.csv is missing or not what its run wrote")
    assert main(["list"]) == 0
    assert f"({place}/tables/rows.csv is missing or not what its run wrote" in capsys.readouterr().out


def test_a_notebook_that_somebody_opened_and_saved_changes_no_result(project):
    folder = make_run("results/alpha/default")
    record = read_record(folder) | {"files": {"01_alpha.ipynb": "0" * 64}}
    assert changed_files(folder, record) == ["01_alpha.ipynb"]
    (folder / "01_alpha.ipynb").write_text("{}", encoding="utf-8")
    assert changed_files(folder, record) == []


def test_files_of_macos_are_no_results(project):
    run = start_run("01_alpha", {"results_dir": "results/alpha/default", "profile": "default"})
    run.table("rows", FRAME)
    (run.folder / "tables" / "._rows.csv").write_bytes(b"\0")
    folder = run.finish()
    assert verify(folder) == [] and not list(folder.rglob("._*"))
