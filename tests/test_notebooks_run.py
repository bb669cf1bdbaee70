"""Every notebook in its smoke profile, executed by the runner, and what it must leave; plain papermill; equal processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import numpy as np
import pandas as pd
import pytest
from other_machine import OTHER
from PIL import Image

from replication.reporting import runner
from replication.reporting.compare import compare_run
from replication.reporting.ledger import load_claims
from replication.reporting.notebooks import resolve
from replication.reporting.run import UNTESTABLE, VERDICTS
from replication.reporting.run_record import read_record, verify

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*_*.ipynb"))
TRAINED = ("05_cifar", "06_clip", "08_neighbours", "10_trainers")  # notebooks that train networks
pytestmark = pytest.mark.notebook
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def smoke_run(tmp_path_factory):
    """Return the results folder of a notebook's smoke profile; each notebook is executed once."""
    base, outcomes = tmp_path_factory.mktemp("smoke"), {}

    def results_of(path):
        if path not in outcomes:
            target = base / path.stem
            try:
                outcomes[path] = runner.run(
                    path.stem.split("_", 1)[1], "smoke", force=True, overrides={"results_dir": str(target)}
                )
            except runner.NotebookError as error:
                outcomes[path] = error
        if isinstance(outcomes[path], runner.NotebookError):
            pytest.fail(str(outcomes[path]), pytrace=False)
        return outcomes[path]

    return results_of


@every_notebook
def test_the_run_is_complete_and_can_be_verified(path, smoke_run, monkeypatch, capsys):
    folder = smoke_run(path)
    experiment = path.stem.split("_", 1)[1]
    assert verify(folder) == []
    record = read_record(folder)
    assert {path.name, "claims.csv", "timings.csv"} <= set(record["files"])
    assert (record["notebook"], record["experiment"], record["profile"]) == (path.stem, experiment, "smoke")
    _, parameters = resolve(experiment, "smoke", {"results_dir": str(folder)})
    assert record["parameters"] == parameters
    for name in ("versions", "hardware", "git", "lock", "started", "wall_seconds"):
        assert record[name], name
    # The key that the notebook wrote is the one that the runner expects, so the same run again is skipped.
    monkeypatch.setattr(runner.papermill, "execute_notebook", lambda *_, **__: pytest.fail("it ran again"))
    runner.run(experiment, "smoke", overrides={"results_dir": str(folder)})
    assert "up to date" in capsys.readouterr().out


@every_notebook
def test_the_executed_copy_holds_outputs(path, smoke_run):
    cells = nbformat.read(smoke_run(path) / path.name, as_version=4).cells
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    assert any(output.output_type in ("display_data", "execute_result") for output in outputs)


@every_notebook
def test_every_table_has_rows_and_no_column_without_a_value(path, smoke_run):
    tables = sorted((smoke_run(path) / "tables").glob("*.csv"))
    assert tables
    for table in tables:
        frame = pd.read_csv(table)
        assert len(frame), f"{table.name} is empty"
        single = "n" in frame and (frame["n"] == 1).all()  # one seed has no standard deviation
        empty = [name for name in frame if frame[name].isna().all() and not (single and name.endswith("sd"))]
        assert empty == [], f"{table.name} has nothing in the columns {empty}"
        for suffix in (".md", ".tex"):
            assert table.with_suffix(suffix).stat().st_size > 0


@every_notebook
def test_every_figure_is_there_twice_and_shows_something(path, smoke_run):
    figures = smoke_run(path) / "figures"
    stems = {suffix: {file.stem for file in figures.glob(f"*.{suffix}")} for suffix in ("png", "svg")}
    assert stems["png"] and stems["png"] == stems["svg"]
    for file in figures.glob("*.png"):
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("L"))
        assert min(pixels.shape) > 200, f"{file.name} is too small to read"
        inked = (pixels < 250).mean()
        assert 0.005 < inked < 0.95 and pixels.std() > 5, f"{file.name} is blank"
    for file in figures.glob("*.svg"):
        assert len(list(ElementTree.parse(file).iter())) > 50, f"{file.name} is blank"


@every_notebook
def test_every_claim_of_the_notebook_gets_one_verdict(path, smoke_run):
    folder = smoke_run(path)
    claims = pd.read_csv(folder / "claims.csv", keep_default_na=False)
    assert sorted(claims.claim) == sorted(name for name, claim in load_claims().items() if claim["notebook"] == path.stem)
    assert set(claims.verdict) <= set(VERDICTS)
    assert (claims.evidence.str.len() > 10).all() and not claims.evidence.str.contains("\n|nan", regex=True).any()
    for table in set(claims.table) - {""}:
        assert (folder / "tables" / f"{table}.md").is_file(), f"{table} is named as evidence but was not written"


@every_notebook
def test_a_machine_with_other_kernels_comes_to_the_same_conclusions(path, smoke_run, tmp_path, monkeypatch):
    experiment, here = path.stem.split("_", 1)[1], smoke_run(path)
    for name, value in OTHER.items():
        monkeypatch.setenv(name, value)  # for the notebook's process; the libraries of this one are loaded
    there = runner.run(experiment, "smoke", overrides={"results_dir": str(tmp_path / "other")})
    found = compare_run(experiment, there, here)
    # Two seeds decide little, and training amplifies rounding: a comparison of trained networks may become undecided, or
    # decided. None may be reversed.
    turned = [line for line in found.turned if path.stem not in TRAINED or UNTESTABLE not in line]
    assert found.verdicts > 0 and turned == [] and found.lines == [], "\n".join([found.summary(), *turned])
    assert "torch DEFAULT" in found.machines.partition("; here ")[2]


@pytest.mark.parametrize("path", [ROOT / "notebooks" / "03_synthetic.ipynb"], ids=["03_synthetic"])
def test_another_process_writes_the_same_bytes(path, smoke_run, tmp_path):
    """Figure 3's tables, computed without a notebook and without the worker processes that share the work there."""
    folder = smoke_run(path)
    program = """if True:
        import json, sys
        from replication.reporting.run import start_run
        from replication.experiments.synthetic import convergence as figure3
        figure3.machine.cores = lambda: 1
        p = json.loads(sys.argv[1])
        names = ("pairs", "batch_size", "methods", "epochs", "seeds", "lr")
        curves, ends = figure3.convergence(*(p[name] for name in names), restarts=p["restarts"])
        run = start_run("03_synthetic", p | {"results_dir": sys.argv[2]})
        run.table("curves", figure3.mean_curves(curves))
        run.table("final", figure3.summarise(curves))
        run.table("speed", figure3.compare_with_sgd(curves))
        run.table("ends", ends)
        run.finish()"""
    parameters = json.dumps(read_record(folder)["parameters"])
    command = [sys.executable, "-c", program, parameters, str(tmp_path / "results")]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"}, check=True)
    for name in ("curves", "final", "speed", "ends"):
        mine, notebooks = (where / "tables" / f"{name}.csv" for where in (tmp_path / "results", folder))
        assert mine.read_bytes() == notebooks.read_bytes(), name


def test_papermill_alone_runs_a_notebook_with_other_parameters(tmp_path):
    yaml = "{pairs: [[4, 2]], methods: [SGD, OSGD, SC], rest_steps: 5, benchmark_seeds: [1]}"
    command = [sys.executable, "-m", "papermill", "notebooks/03_synthetic.ipynb", str(tmp_path / "out.ipynb"), "-y", yaml]
    numbers = {"seeds": 2, "epochs": 3, "rest_seeds": 2, "benchmark_epochs": 1, "results_dir": str(tmp_path / "results")}
    for name, value in numbers.items():
        command += ["-p", name, str(value)]
    subprocess.run([*command, "--no-progress-bar", "--log-level", "ERROR"], cwd=ROOT, check=True)
    record = read_record(tmp_path / "results")
    assert record["seeds"] == [0, 1] and record["parameters"]["pairs"] == [[4, 2]] and record["profile"] == "default"
    assert verify(tmp_path / "results") == []
    final = pd.read_csv(tmp_path / "results" / "tables" / "final.csv")
    assert (final.n == 2).all() and set(final.method) == {"SGD", "OSGD", "SC"}
