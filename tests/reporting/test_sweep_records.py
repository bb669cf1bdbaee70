"""Descriptions of sweeps, and what is read from the folders of finished runs."""

import nbformat
import pytest
import yaml
from sweep_runs import write_run

from replication.files import project_root
from replication.reporting.notebooks import UsageError
from replication.reporting.sweep_description import filled, read_description
from replication.reporting.sweep_records import Tried, read_tried, write_plan

PARAMETERS = """profile = "default"
results_dir = "results/local/alpha"
lr = 0.1
k = 4
methods = ["SGD"]
seeds = 3"""
WHOLE = {
    "vary": {"lr": "0.001 to 1, log", "hardness": "0 to 1"},
    "set": {"methods": ["SGD", "SwapSearch, hardness {hardness}"], "k": "8"},
    "table": "runs",
    "rows": {"selector": "SwapSearch, hardness {hardness}"},
    "column": "score",
    "goal": "smallest",
}
SETTING = {"lr": 0.25, "hardness": 0.5}
FULL = {"profile": "default", "lr": 0.25, "k": 8, "methods": ["SGD", "SwapSearch, hardness 0.5"], "seeds": 3}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one experiment, alpha, and the description `WHOLE` in sweep.yaml."""
    (tmp_path / "pyproject.toml").touch()
    place = tmp_path / "notebooks" / "profiles" / "alpha" / "default.yaml"
    place.parent.mkdir(parents=True)
    place.write_text("profile: default\n", encoding="utf-8")
    cell = nbformat.v4.new_code_cell(PARAMETERS)
    cell.metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebooks" / "01_alpha.ipynb")
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(WHOLE, sort_keys=False), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def described(project, **changes):
    file = project / "changed.yaml"
    content = {name: value for name, value in (WHOLE | changes).items() if value is not None}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return read_description("alpha", "default", file)


def finish(folder, parameters, scores=(1.0, 2.0, 6.0)):
    columns = {"selector": ["SGD"] * len(scores) + ["SwapSearch, hardness 0.5"] * len(scores)}
    write_run(folder, parameters | {"results_dir": str(folder)}, columns | {"score": [0.0] * len(scores) + [*scores]})


def test_a_setting_becomes_parameters_and_fills_what_is_set(project):
    description = read_description("alpha", "default", project / "sweep.yaml")
    assert description.overrides(SETTING) == {"lr": "0.25", "methods": ["SGD", "SwapSearch, hardness 0.5"], "k": "8"}
    assert description.parameters(SETTING) == FULL


def test_values_are_those_of_the_rows_that_count_one_for_each_seed(project):
    finish(project / "r", FULL)
    assert described(project).values(project / "r", SETTING) == [1.0, 2.0, 6.0]
    assert described(project, rows=None).values(project / "r", SETTING) == [0.5, 1.0, 3.0]  # over all rows of a seed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "run"}, r"table 'run' must be one of those that r holds: runs"),
        ({"column": "speed"}, r"column 'speed' must be one of those of r/tables/runs.csv: selector, score, seed"),
        ({"rows": {"method": "SGD"}}, r"column 'method' must be one of those of"),
        ({"rows": {"selector": "OSGD {lr}"}}, r"r/tables/runs.csv has no row with selector=OSGD 0.25"),
        ({"column": "selector"}, r"column 'selector' of r/tables/runs.csv must hold finite numbers"),
    ],
)
def test_a_run_without_the_number_that_counts_is_one_line(project, changes, message):
    finish(project / "r", FULL)
    with pytest.raises(UsageError, match=message) as caught:
        described(project, **changes).values(project / "r", SETTING)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vary": None}, r"changed.yaml must also give vary"),
        ({"column": None}, r"changed.yaml must also give column"),
        ({"goal": "best"}, r"goal='best' must be largest or smallest"),
        ({"vary": {"lr": "fast"}}, r"lr='fast' must be 'LOW to HIGH'"),
        ({"vary": {"speed": "0 to 1"}}, r"'speed' must be a parameter of alpha, or stand in set as \{speed\}"),
        ({"vary": {"k": "1 to 9, integer"}}, r"'k' must not be varied: it is set"),
        ({"vary": {"profile": "0 to 1"}}, r"'profile' must not be varied"),
        (
            {"vary": {"seeds": "0 to 1"}},
            r"--set seeds='0.0?' must be an integer|--set seeds='0' must be|must be one of the varied",
        ),
        ({"set": {"methods": ["SGD {k}", "{hardness}"]}}, r"\{k\} in 'SGD \{k\}' must be one of the varied lr, hardness"),
        ({"rows": {"selector": "{k}"}}, r"\{k\} in '\{k\}' must be one of the varied lr, hardness"),
        ({"set": {"sedes": "3", "methods": ["{hardness}"]}}, r"parameter 'sedes' of alpha must be one of"),
        ({"metric": "x"}, r"'metric' must be one of vary, set, table, rows, column, goal"),
        ({"vary": "lr"}, r"vary='lr' must be a mapping"),
    ],
)
def test_a_wrong_description_is_one_line(project, changes, message):
    with pytest.raises(UsageError, match=message) as caught:
        described(project, **changes)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(project):
    with pytest.raises(UsageError, match=r"^--space none.yaml must be a file that exists; see"):
        read_description("alpha", "default", project / "none.yaml")


def test_what_was_tried_is_read_back_by_number(project):
    description, folder = described(project), project / "sweep"
    for number, rule in ((1, "first"), (2, "TS-RSR"), (10, "random")):
        write_plan(folder, Tried(number, rule, SETTING | {"hardness": 0.5 + number / 100}))
    write_plan(folder, Tried(11, "random", SETTING, failed="ValueError: no"))
    finish(folder / "001", description.parameters(SETTING | {"hardness": 0.51}), scores=(4.0,))
    with pytest.raises(UsageError, match=r"no row with selector=SwapSearch, hardness 0\.51"):
        read_tried(folder, description)
    description = described(project, rows={"selector": "SwapSearch, hardness 0.5"})
    tried, others, last = read_tried(folder, description)
    assert [(each.number, each.rule, each.values, each.finished, each.failed) for each in tried] == [
        (1, "first", [4.0], True, ""),
        (2, "TS-RSR", [], False, ""),
        (10, "random", [], False, ""),
        (11, "random", [], False, "ValueError: no"),
    ]
    assert (others, last) == ([], 11) and tried[0].setting == SETTING | {"hardness": 0.51}


def test_what_does_not_fit_is_kept_apart(project):
    description, folder = described(project), project / "sweep"
    for number, setting in enumerate([SETTING, SETTING, SETTING | {"lr": 5.0}, {"lr": 0.1}, SETTING], start=1):
        write_plan(folder, Tried(number, "first", setting))
    finish(folder / "001", FULL)
    finish(folder / "002", FULL | {"seeds": 5})  # made with another profile
    (folder / "005" / "tables").mkdir(parents=True)
    (folder / "005" / "run.json").write_text("{", encoding="utf-8")
    (folder / "006.json").write_text("[1", encoding="utf-8")
    tried, others, last = read_tried(folder, description)
    assert [each.number for each in tried] == [1] and others == [2, 3, 4, 5, 6] and last == 6


def test_nothing_tried_yet(project):
    assert read_tried(project / "sweep", described(project)) == ([], [], 0)


def test_placeholders_are_filled_everywhere():
    assert filled({"a": ["{k} of {k}", "none"], "b": "{lr}"}, {"k": 3, "lr": 1e-05}) == {"a": ["3 of 3", "none"], "b": "1e-05"}


def test_the_descriptions_of_this_project_can_be_read():
    files = sorted((project_root() / "notebooks" / "sweeps").glob("*.yaml"))
    assert files
    for file in files:
        read_description(file.stem, "default", file)
