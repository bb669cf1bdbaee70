"""The comparison with the committed tables: identical, rounding, a different cell, another shape, missing tables."""

import re

import numpy as np
import pandas as pd
import pytest

from replication.compare import compare_all, compare_tables
from replication.results import start_run

FRAME = pd.DataFrame(
    {"method": ["SGD", "OSGD", "SC"], "loss": [0.5, 2.0, np.nan], "tiny": [0.0, 1e-14, np.inf], "n": [1, 2, 3]}
)


def compared(tmp_path, local, committed=FRAME):
    paths = tmp_path / "local.csv", tmp_path / "committed.csv"
    for path, frame in zip(paths, (local, committed), strict=True):
        frame.to_csv(path, index=False)
    return compare_tables(*paths)


def changed(column, row, value):
    frame = FRAME.copy()
    frame.loc[row, column] = value
    return frame


def test_identical_tables_have_no_difference(tmp_path):
    assert compared(tmp_path, FRAME) is None


@pytest.mark.parametrize("frame", [changed("loss", 0, 0.5 * (1 + 9e-7)), changed("tiny", 0, 9e-13), changed("tiny", 1, 0.0)])
def test_rounding_is_called_rounding(tmp_path, frame):
    assert compared(tmp_path, frame) == "equal within 1e-06 (rounding)"


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        (changed("loss", 1, 2.1), "row 2, 'loss': 2.1 here, 2.0 committed"),
        (changed("loss", 0, 0.5 * (1 + 2e-6)), "row 1, 'loss': 0.500001 here, 0.5 committed"),
        (changed("loss", 2, 1.0), "row 3, 'loss': 1.0 here, nan committed"),
        (changed("loss", 0, np.nan), "row 1, 'loss': nan here, 0.5 committed"),
        (changed("tiny", 2, -np.inf), "row 3, 'tiny': -inf here, inf committed"),
        (changed("tiny", 0, 2e-12), "row 1, 'tiny': 2e-12 here, 0.0 committed"),
        (changed("n", 2, 4), "row 3, 'n': 4 here, 3 committed"),
        (changed("method", 1, "SC"), "row 2, 'method': SC here, OSGD committed"),
    ],
)
def test_a_cell_that_differs_is_named(tmp_path, frame, place):
    assert compared(tmp_path, frame) == f"1 cells differ; most at {place}"


def test_the_worst_of_many_cells_is_named(tmp_path):
    frame = FRAME.assign(loss=[0.51, 2.5, np.nan], n=[1, 2, 3.001])
    assert compared(tmp_path, frame) == "3 cells differ; most at row 2, 'loss': 2.5 here, 2.0 committed"


@pytest.mark.parametrize(
    ("frame", "size"), [(FRAME[:2], "2 x 4"), (FRAME.rename(columns={"n": "m"}), "3 x 4"), (FRAME.assign(more=1), "3 x 5")]
)
def test_another_shape_is_told(tmp_path, frame, size):
    assert compared(tmp_path, frame) == f"another shape: {size} here, 3 x 4 committed"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)


def make_run(folder, tables):
    run = start_run("01_alpha", {"results_dir": f"results/{folder}"})
    for name, frame in tables.items():
        run.table(name, frame)
    run.finish()


def test_all_local_runs_of_a_profile_are_compared(project):
    other = changed("loss", 1, 2.1)
    make_run("local/alpha/default", {"final": FRAME, "speed": other, "new": FRAME})
    make_run("alpha/default", {"final": FRAME, "speed": FRAME, "old": FRAME})
    make_run("local/beta/default", {"final": FRAME})
    make_run("local/gamma/full", {"final": FRAME})
    lines = compare_all("default")
    assert [re.sub(r" \(.*", "", line) for line in lines] == [
        "alpha: new.csv exists only here",
        "alpha: old.csv exists only in the committed results",
        "alpha: speed.csv: 1 cells differ; most at row 2, 'loss': 2.1 here, 2.0 committed",
        "alpha: 1 of 3 tables byte-identical with the committed ones",
        "beta: no committed run of this profile to compare with",
    ]
    assert "(results/local/alpha/default/tables/speed.csv against results/alpha/default)" in lines[2]
    assert compare_all("smoke") == ["no local run of profile 'smoke' to compare"]


def test_a_broken_off_local_run_is_not_compared(project, tmp_path):
    make_run("alpha/default", {"final": FRAME})
    make_run("local/alpha/default", {"final": FRAME})
    (tmp_path / "results" / "local" / "alpha" / "default" / "run.json").unlink()
    assert compare_all() == ["no local run of profile 'default' to compare"]
