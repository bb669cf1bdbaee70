"""Runs of tiny notebooks with real kernels: what is written, what is skipped, and how failures leave earlier results."""

import errno
import json
import os
import re
import shutil
import tempfile

import nbformat
import pandas as pd
import pytest
import yaml

from replication.__main__ import main
from replication.files import sha256
from replication.reporting import provenance, runner
from replication.reporting.notebooks import UsageError, resolve
from replication.reporting.run_record import read_record, replace_record, verify

PARAMETERS = 'profile = "default"\nresults_dir = "results/local/{name}"\nsize = 2  # rows\nrate = 0.5\nmode = "finish"'
BODY = """import os
if mode == "raise":
    raise ValueError("the mode is raise\\nand more")
if mode == "die":
    os._exit(1)
if mode == "finish":
    import pandas as pd
    from replication.reporting.run import start_run
    parameters = {{"profile": profile, "results_dir": results_dir, "size": size, "rate": rate, "mode": mode}}
    run = start_run("{stem}", parameters)
    run.table("rows", pd.DataFrame({{"row": range(size), "value": rate}}))
    run.finish()"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with two experiments, the working directory of this module's tests; `run all` has run once."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").touch()
    (folder / "notebooks").mkdir()
    for stem, profiles in (("01_alpha", ("default", "small")), ("02_beta", ("default",))):
        cells = [nbformat.v4.new_markdown_cell("# Words"), nbformat.v4.new_code_cell(PARAMETERS.format(name=stem[3:]))]
        cells[1].metadata["tags"] = ["parameters"]
        notebook = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell(BODY.format(stem=stem))])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / "notebooks" / f"{stem}.ipynb")
        for profile in profiles:
            text = yaml.safe_dump({"profile": profile, "size": 2 if profile == "default" else 1})
            place = folder / "notebooks" / "profiles" / stem[3:] / f"{profile}.yaml"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(provenance, "code_hash", provenance.code_hash.__wrapped__)
        assert main(["run", "all"]) == 0
        yield folder


@pytest.fixture
def alpha(project):
    return project / "results" / "local" / "alpha" / "default"


@pytest.fixture
def no_kernel(monkeypatch):
    monkeypatch.setattr(runner.papermill, "execute_notebook", lambda *_, **__: pytest.fail("a notebook was executed"))


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def failure(capsys, *arguments):
    """Run the command line; return its exit code and what it wrote to stderr, which must be one line."""
    code = main(list(arguments))
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("error: ")
    return code, error.removeprefix("error: ").strip()


def test_run_all_runs_every_experiment(project, alpha):
    for name in ("alpha", "beta"):
        folder = project / "results" / "local" / name / "default"
        assert verify(folder) == []
        assert pd.read_csv(folder / "tables" / "rows.csv").to_dict("list") == {"row": [0, 1], "value": [0.5, 0.5]}
        assert read_record(folder)["experiment"] == name
    assert not list(project.glob("kernel-*"))  # the sockets of kernels
    assert not list((project / "results" / "local" / "executing").iterdir())


def test_the_executed_notebook_is_kept_with_its_hash_and_without_this_machines_paths(project, alpha):
    executed = alpha / "01_alpha.ipynb"
    assert read_record(alpha)["files"]["01_alpha.ipynb"] == sha256(executed)
    notebook = nbformat.read(executed, as_version=4)
    assert "injected-parameters" in notebook.cells[2].metadata.tags
    assert notebook.metadata.papermill["input_path"] == notebook.metadata.papermill["output_path"] == "01_alpha.ipynb"
    assert str(project) not in executed.read_text(encoding="utf-8") and str(project) not in (alpha / "run.json").read_text(
        encoding="utf-8"
    )


def test_verify_names_files_that_are_missing_or_changed(alpha, tmp_path):
    for path, content in contents(alpha).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert verify(tmp_path) == []
    (tmp_path / "tables" / "rows.csv").write_text("row\n7\n", encoding="utf-8")
    (tmp_path / "tables" / "rows.md").unlink()
    assert verify(tmp_path) == ["tables/rows.csv", "tables/rows.md"]
    (tmp_path / "run.json").unlink()
    assert verify(tmp_path) == ["run.json"]


def test_what_is_up_to_date_is_skipped(alpha, no_kernel, capsys):
    before = contents(alpha)
    assert main(["run", "all"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{name} (default): up to date in results/local/{name}/default; --force runs it again" for name in ("alpha", "beta")
    ]
    assert contents(alpha) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "gamma"], r"experiment 'gamma' must be one of alpha, beta"),
        (["run", "alpha", "--profile", "big"], r"profile 'big' of alpha must be one of default, small"),
        (["run", "all", "--profile", "big"], r"profile 'big' exists for no experiment"),
        (["run", "alpha", "--set", "sizes=3"], r"parameter 'sizes' of alpha must be one of .*, size, rate, mode"),
        (["run", "all", "--set", "sizes=3"], r"parameter 'sizes' of alpha must be one of .*, size, rate, mode"),
        (["run", "alpha", "--set", "size"], r"--set 'size' must be NAME=VALUE"),
        (["run", "alpha", "--set", "size=[1"], r"--set size='\[1' must be an integer"),
        (["run", "all", "--set", "rate=fast"], r"--set rate='fast' must be a number"),
        (["run", "alpha", "--set", "profile=small"], r"parameter 'profile' is not set by itself; use --profile small"),
        (
            ["run", "alpha", "--set", "results_dir=notebooks"],
            r"results_dir=.*/notebooks holds files but no run.json; choose .*",
        ),
        (["run", "alpha", "--set", "results_dir=pyproject.toml"], r"results_dir=.*/pyproject.toml is a file; it must be .*"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(project, no_kernel, capsys, arguments, message):
    code, error = failure(capsys, *arguments)
    assert code == 2
    assert re.fullmatch(message, error)


def test_a_misspelt_parameter_in_a_profile_is_refused(project, no_kernel):
    path = project / "notebooks" / "profiles" / "alpha" / "typo.yaml"
    path.write_text("profile: typo\nsise: 3\n", encoding="utf-8")
    try:
        with pytest.raises(UsageError, match=r"alpha/typo.yaml, line 2: 'sise' must be one of profile, results_dir, size"):
            resolve("alpha", "typo")
    finally:
        path.unlink()


def test_parameters_come_from_cell_profile_and_command_in_this_order(project):
    notebook, parameters = resolve("alpha", "small", {"rate": 2})
    assert notebook == project / "notebooks" / "01_alpha.ipynb"
    assert parameters == {
        "profile": "small", "results_dir": "results/local/alpha", "size": 1, "rate": 2, "mode": "finish"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("raise", r"01_alpha.ipynb \(default\): cell 3 failed: ValueError: the mode is raise \(executed so far: {copy}\)"),
        ("die", r"01_alpha.ipynb \(default\): its process died, perhaps for want of memory \(executed so far: {copy}\)"),
        ("forget", r"01_alpha.ipynb \(default\) wrote no run.json; its last cell must call run.finish\(\)"),
    ],
)
def test_a_failing_notebook_is_one_line_and_exit_code_1_and_leaves_earlier_results(project, alpha, capfd, mode, message):
    before = contents(alpha)
    code = main(["run", "alpha", "--set", f"mode={mode}"])
    error = capfd.readouterr().err
    assert code == 1
    (line,) = [line for line in error.splitlines() if line.startswith("error: ")]
    found = re.fullmatch("error: " + message.format(copy=r"(results/local/executing/01_alpha\.default\.\w{8}\.ipynb)"), line)
    assert found and "Traceback" not in error
    assert all((project / copy).is_file() for copy in found.groups())
    assert contents(alpha) == before


@pytest.mark.slow
def test_force_and_changed_parameters_run_again(project, alpha, capsys):
    """Afterwards the same command is up to date, and the files of the user and of other runs below are still there."""
    (alpha / "notes.txt").write_text("mine", encoding="utf-8")
    first = read_record(alpha)
    replace_record(alpha, first | {"files": first["files"] | {"figures/more.png": "0" * 64}})
    assert main(["run", "alpha", "--force"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "alpha (default): the earlier run also had figures/more.png"
    again = read_record(alpha)
    assert again["key"] == first["key"] and again["started"] > first["started"]
    assert main(["run", "alpha", "--set", "size=3", "--set", "rate=1e-3"]) == 0
    changed = read_record(alpha)
    assert changed["parameters"] == first["parameters"] | {"size": 3, "rate": 0.001}
    assert (alpha / "tables" / "rows.csv").read_text(encoding="utf-8") == "row,value\n0,0.001\n1,0.001\n2,0.001\n"
    assert verify(alpha) == [] and set(changed["files"]) == set(first["files"])
    assert (alpha / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
def test_published_results_go_to_their_own_folder_and_any_other_can_be_chosen(project, alpha, tmp_path, capsys):
    before = contents(alpha)
    assert main(["run", "alpha", "--profile", "small", "--publish"]) == 0
    published = project / "results" / "alpha" / "small"
    assert verify(published) == [] and read_record(published)["parameters"]["results_dir"] == "results/alpha/small"
    elsewhere = tmp_path / "elsewhere"
    for _ in range(2):  # run, and then find it up to date
        assert main(["run", "alpha", "--profile", "small", "--set", f"results_dir={elsewhere}"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"alpha (small): up to date in {elsewhere};")
    assert verify(elsewhere) == []
    assert contents(alpha) == before


def test_a_changed_cell_makes_a_run_out_of_date(project, monkeypatch):
    """Without running it: the runner must try to execute."""
    path = project / "notebooks" / "02_beta.ipynb"
    text = path.read_text(encoding="utf-8")
    executed = []
    monkeypatch.setattr(runner.papermill, "execute_notebook", lambda source, *_, **__: executed.append(source))
    path.write_text(text.replace("# Words", "# Other words"), encoding="utf-8")
    runner.run("beta")
    assert executed == []
    path.write_text(text.replace("import os", "import os, sys"), encoding="utf-8")
    with pytest.raises(runner.NotebookError, match=r"wrote no run.json"):
        runner.run("beta")
    path.write_text(text, encoding="utf-8")
    assert executed == [str(path)]


def test_portable_leaves_all_else_as_it_is(tmp_path):
    path = tmp_path / "x.ipynb"
    details = {"input_path": "/home/me/notebooks/01.ipynb", "output_path": "/tmp/x.ipynb", "version": "2"}
    path.write_text(json.dumps({"cells": [], "metadata": {"papermill": details, "language": "α"}}), encoding="utf-8")
    runner.portable(path)
    details = {"input_path": "01.ipynb", "output_path": "x.ipynb", "version": "2"}
    assert json.loads(path.read_text(encoding="utf-8")) == {"cells": [], "metadata": {"papermill": details, "language": "α"}}


def test_a_profile_is_published_as_it_is_or_not_at_all(project, no_kernel, capsys):
    assert main(["run", "alpha", "--publish", "--set", "size=3"]) == 2
    assert "--publish and size: results/alpha/default holds the profile as it is" in capsys.readouterr().err


def test_a_damaged_record_is_run_again_and_said_so(project, alpha, capsys):
    (alpha / "run.json").write_text("{", encoding="utf-8")
    assert main(["run", "alpha"]) == 0
    first, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("alpha (default): runs again, as results/local/alpha/default/run.json is damaged (no JSON: ")
    assert verify(alpha) == []


def test_a_changed_table_is_not_up_to_date(project, alpha, capsys, monkeypatch):
    table, before = alpha / "tables" / "rows.csv", (alpha / "tables" / "rows.csv").read_bytes()
    executed = []
    monkeypatch.setattr(runner.papermill, "execute_notebook", lambda source, *_, **__: executed.append(source))
    table.write_bytes(before[:4])
    with pytest.raises(runner.NotebookError, match=r"wrote no run\.json"):
        runner.run("alpha")
    assert (
        executed
        and "alpha (default): runs again, as results/local/alpha/default/tables/rows.csv is missing or not what"
        in (capsys.readouterr().out)
    )
    table.write_bytes(before)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("ValueError", "one\nand more", "ValueError: one"),
        ("ValueError", "\n\n  two", "ValueError: two"),
        ("AssertionError", "", "AssertionError"),
        ("KeyError", "''", "KeyError: ''"),
        ("", None, "an error without a name"),
    ],
)
def test_a_reason_is_never_empty(kind, text, expected):
    assert runner.reason(kind, text) == expected


@pytest.mark.skipif(os.name != "posix", reason="Unix sockets")
@pytest.mark.parametrize("length", [5, 150])
def test_sockets_lie_where_their_names_are_short_enough(tmp_path, monkeypatch, length):
    place = tmp_path / ("x" * length)
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with runner.kernel_sockets() as places:
        folder = os.path.dirname(places["ip"])
        assert places["transport"] == "ipc" and os.path.isdir(folder) and len(folder) < runner.LONGEST_SOCKET
    assert not os.path.exists(folder) and not list(place.iterdir())


def test_without_sockets_a_kernel_takes_ports(monkeypatch):
    monkeypatch.setattr(runner, "LONGEST_SOCKET", 3)
    with runner.kernel_sockets() as places:
        assert places == {}


def test_a_full_disk_is_one_line(project, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(project / "results" / "x.ipynb"))

    monkeypatch.setattr(runner.papermill, "execute_notebook", full)
    assert failure(capsys, "run", "alpha", "--force") == (
        1,
        "01_alpha.ipynb (default): results/x.ipynb cannot be written: No space left on device",
    )


def test_a_place_that_cannot_be_written_is_one_line(project, monkeypatch, capsys, tmp_path):
    (tmp_path / "file").touch()
    code, error = failure(capsys, "run", "alpha", "--set", f"results_dir={tmp_path}/file/r")
    assert code == 2 and error.endswith(f"cannot be written: {tmp_path}/file is a file")
    executing = project / "results" / "local" / "executing"
    shutil.rmtree(executing)
    executing.touch()
    code, error = failure(capsys, "run", "alpha", "--force")
    executing.unlink()
    assert code == 2 and re.fullmatch(r"results/local/executing/01_alpha.default.\w{8}.ipynb cannot be written: .*", error)


def test_ctrl_c_is_one_line(project, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner.papermill, "execute_notebook", interrupted)
    assert main(["run", "alpha", "--force"]) == 130
    assert capsys.readouterr().err == "interrupted; results of earlier runs are as they were\n"


def test_profiles_have_any_name_and_their_own_folder(project, capsys, no_kernel):
    folder = project / "notebooks" / "profiles" / "alpha"
    (folder / "v1.5.yaml").write_text("profile: v1.5\nsize: 4\n", encoding="utf-8")
    (folder / "._v1.5.yaml").write_bytes(b"\0\5")
    old = project / "notebooks" / "01_alpha.mine.yaml"
    old.touch()
    assert resolve("alpha", "v1.5")[1]["size"] == 4
    code, error = failure(capsys, "run", "alpha", "--profile", "mine")
    line = "notebooks/01_alpha.mine.yaml is not used there; move it to notebooks/profiles/alpha/mine.yaml"
    assert code == 2 and error == f"profile 'mine' of alpha must be one of default, small, v1.5; {line}"
    assert main(["list"]) == 0
    assert line in capsys.readouterr().out
    (folder / "v1.5.yaml").unlink(), (folder / "._v1.5.yaml").unlink(), old.unlink()


def test_texts_reach_the_notebook_as_they_stand(project, no_kernel):
    for text in ("run #1", "007", "no", "a: b", "|"):
        assert resolve("alpha", "default", {"results_dir": text})[1]["results_dir"] == text


MINUTES = [
    ("0", r"--minutes '0' must be a number > 0, such as 10"),
    ("-1", r"--minutes '-1' must be a number > 0, such as 10"),
    ("soon", r"--minutes 'soon' must be a number > 0, such as 10"),
    ("inf", r"--minutes 'inf' must be a number > 0, such as 10"),
    ("5", r"parameter 'minutes' of alpha must be one of .*, mode"),  # this notebook has no budget
]


@pytest.mark.parametrize(("text", "message"), MINUTES)
def test_wrong_minutes_are_one_line(project, no_kernel, capsys, text, message):
    code, error = failure(capsys, "run", "alpha", f"--minutes={text}")
    assert code == 2 and re.fullmatch(message, error)


@pytest.fixture
def with_minutes(project, monkeypatch):
    """Let the notebooks have the parameter `minutes`."""

    def knowing(experiment, profile="default", overrides=None):
        """Resolve all parameters but the minutes."""
        notebook, parameters = resolve(experiment, profile, {k: v for k, v in (overrides or {}).items() if k != "minutes"})
        return notebook, parameters | {"minutes": (overrides or {}).get("minutes", 0.0)}

    monkeypatch.setattr(runner, "resolve", knowing)
    monkeypatch.setattr("replication.reporting.commands.resolve", knowing)


def test_a_run_whose_minutes_ended_too_early_says_how_to_go_on(project, alpha, with_minutes, capsys):
    before = contents(alpha)
    cell = project / "notebooks" / "01_alpha.ipynb"
    text = cell.read_text(encoding="utf-8")
    raising = "class NothingFinished(RuntimeError):\\n    pass\\nraise NothingFinished('no training is finished')\\n"
    cell.write_text(text.replace('"import os\\n"', f'"{raising}"', 1), encoding="utf-8")
    try:
        assert main(["run", "alpha", "--minutes", "2.5", "--set", "rate=0.7"]) == 0
    finally:
        cell.write_text(text, encoding="utf-8")
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        "alpha (default): no training is finished; go on with: "
        "python -m replication run alpha --profile default --set rate=0.7 --minutes 2.5"
    )
    assert contents(alpha) == before


def test_a_run_that_left_something_is_not_up_to_date_and_ends_with_what_is_left(
    project, alpha, with_minutes, monkeypatch, capsys
):
    left = {"trainings": 3, "minutes": 12.4}

    def leave(notebook, profile, parameters, scratch):
        """Stand for a notebook that calls `run.leave`."""
        record = read_record(alpha)
        runner.replace_record(alpha, record | {"left": left, "started": "anew"})
        shutil.copy(alpha / notebook.name, scratch)

    assert main(["run", "alpha"]) == 0  # whatever earlier tests left
    with monkeypatch.context() as patch:
        patch.setattr(runner, "_execute", leave)
        assert main(["run", "alpha", "--force", "--minutes", "10"]) == 0
        command = "python -m replication run alpha --profile default --minutes 10"
        assert capsys.readouterr().out.splitlines()[-1] == f"alpha (default): 3 trainings left, about 12 minutes: {command}"
    assert main(["run", "alpha"]) == 0
    assert "running" in capsys.readouterr().out and "left" not in read_record(alpha)
