"""The results writer: what a run folder holds, and that no failed, killed or second run leaves a mixture behind."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from latex_checks import faults

from replication.reporting.run import HOLDS, notebook_parameters, seed_list, start_run
from replication.reporting.run_record import read_record
from replication.reporting.written_tables import PAGE

FRAME = pd.DataFrame({"method": ["SGD", "a_b"], "loss": [1 / 3, 2.0], "n": [1, 2]})


def make_run(target, tables=("final",), figure=False, **parameters):
    run = start_run("03_synthetic", {"profile": "smoke", "results_dir": str(target)} | parameters)
    for name in tables:
        run.table(name, FRAME, "A caption")
    if figure:
        axes = plt.figure().add_subplot()
        axes.plot([0, 1])
        run.figure("curve", axes.figure)
        plt.close(axes.figure)
    run.claim("figure-3-sc", HOLDS, "0.3 against 2.0", table=tables[0])
    return run


def contents(folder):
    """Return {path: bytes} of every file in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def test_a_run_folder_is_complete(tmp_path):
    target = tmp_path / "results" / "synthetic"
    run = make_run(target, figure=True, seeds=3)
    run.file("movie.txt").write_text("x", encoding="utf-8")
    assert not target.exists()  # nothing is in place before the run is whole
    assert run.finish() == target
    expected = {f"tables/final.{suffix}" for suffix in ("csv", "md", "tex")}
    expected |= {"figures/curve.png", "figures/curve.svg", "files/movie.txt", "claims.csv", "timings.csv"}
    record = read_record(target)
    assert set(contents(target)) == expected | {"run.json"}
    assert record["files"] == {name: hashlib.sha256((target / name).read_bytes()).hexdigest() for name in sorted(expected)}
    assert record["notebook"] == "03_synthetic" and record["experiment"] == "synthetic" and record["profile"] == "smoke"
    assert record["seeds"] == [0, 1, 2]
    assert record["parameters"] == {"profile": "smoke", "results_dir": str(target), "seeds": 3}
    assert len(record["key"]) == 64 and record["versions"]["torch"]
    assert list(tmp_path.rglob("*partial*")) == []


def test_tables_hold_ten_digits_for_machines_and_four_for_people(tmp_path):
    make_run(tmp_path / "r").finish()
    tables = tmp_path / "r" / "tables"
    assert (tables / "final.csv").read_text(encoding="utf-8") == "method,loss,n\nSGD,0.3333333333,1\na_b,2,2\n"
    assert "0.3333 |" in (tables / "final.md").read_text(encoding="utf-8") and "A caption" in (tables / "final.md").read_text(
        encoding="utf-8"
    )
    assert r"a\_b & 2 & 2" in (tables / "final.tex").read_text(encoding="utf-8")
    assert pd.read_csv(tmp_path / "r" / "claims.csv").to_dict("records") == [
        {"claim": "figure-3-sc", "verdict": HOLDS, "evidence": "0.3 against 2.0", "table": "final"}
    ]


def test_texts_stand_in_tables_as_they_are(tmp_path):
    run = start_run("03_synthetic", {"results_dir": str(tmp_path / "r")})
    frame = pd.DataFrame({"what | where": ["50% off: $9", "[a_b]\nN ≤ 3", None, "007"], "sd ±": [1.5, None, 2, 3]})
    caption = "/tmp/$x_y/100 %|.csv: *all* ± η"
    run.table("texts", frame, caption)
    run.timing_table("seconds", frame, caption)
    base = run.folder / "tables" / "texts"
    latex = base.with_suffix(".tex").read_text(encoding="utf-8")
    assert faults(latex) == [] and r"\caption{/tmp/\$x\_y/100 \%\textbar{}.csv: {*}all{*} $\pm$ $\eta$}" in latex
    assert r"50\% off: \$9 & 1.5 \\" in latex and r"{[}a\_b{]} N $\leq$ 3 & NaN \\" in latex
    for path in (base.with_suffix(".md"), run.folder / "timings" / "seconds.md"):
        first, _, *rows = path.read_text(encoding="utf-8").splitlines()
        assert first == r"/tmp/\$x_y/100 %\|.csv: \*all\* ± η"
        assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [3] * 6
    assert frame["what | where"][0] == "50% off: $9"  # what the notebook shows is not changed
    assert pd.read_csv(base.with_suffix(".csv"))["what | where"][1] == "[a_b]\nN ≤ 3"


def test_a_table_longer_than_a_page_is_a_longtable(tmp_path):
    run = start_run("03_synthetic", {"results_dir": str(tmp_path / "r")})
    for rows, kind in ((PAGE, "tabular"), (PAGE + 1, "longtable")):
        run.table(kind, pd.DataFrame({"a": range(rows)}), "100 %")
        latex = (run.folder / "tables" / f"{kind}.tex").read_text(encoding="utf-8")
        assert f"\\begin{{{kind}}}{{r}}" in latex and faults(latex) == []


def test_wrong_use_raises_one_clear_line(tmp_path):
    run = make_run(tmp_path / "r")
    with pytest.raises(ValueError, match=r"^table 'empty' is empty"):
        run.table("empty", FRAME[:0])
    with pytest.raises(ValueError, match=r"^verdict='maybe' must be one of 'holds', "):
        run.claim("figure-2", "maybe", "")
    with pytest.raises(ValueError, match=r"^name='../x' must consist of letters"):
        run.table("../x", FRAME)


def test_an_occupied_folder_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds files but no run.json; choose another folder or empty this one$"):
        make_run(tmp_path)
    with pytest.raises(ValueError, match=r"notes.txt is a file; it must be a folder$"):
        make_run(tmp_path / "notes.txt")
    with pytest.raises(PermissionError, match=r"cannot be written: .*notes.txt is a file$"):
        make_run(tmp_path / "notes.txt" / "below")
    assert contents(tmp_path) == {"notes.txt": b"mine"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write to")
def test_an_unwritable_folder_is_refused():
    with pytest.raises(PermissionError, match=r"^results_dir=/proc/replication cannot be written"):
        make_run("/proc/replication")


def test_an_unfinished_run_leaves_the_earlier_one_untouched(tmp_path):
    target = tmp_path / "r"
    make_run(target).finish()
    before = contents(target)
    make_run(target, tables=("other",))
    assert contents(target) == before


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_running_process_holds_the_folder_and_a_killed_one_gives_it_up(tmp_path):
    target = tmp_path / "r"
    make_run(target).finish()
    before = contents(target)
    program = (
        "import sys, time, pandas as pd\nfrom replication.reporting.run import start_run\n"
        "run = start_run('03_synthetic', {'results_dir': sys.argv[1]})\n"
        "run.table('other', pd.DataFrame({'a': [1]}))\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(target)], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            with pytest.raises(ValueError, match=rf"is being written by process {process.pid} on .*; wait for it or"):
                make_run(target)
        finally:
            process.send_signal(signal.SIGKILL)
    assert contents(target) == before
    make_run(target, tables=("again",)).finish()
    assert "tables/again.csv" in contents(target)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]  # the killed run's temporary folder is gone


def test_a_second_run_removes_stale_files_but_no_other_runs(tmp_path):
    target = tmp_path / "r"
    make_run(target, tables=("old", "final"), figure=True).finish()
    make_run(target / "smoke").finish()
    inner = contents(target / "smoke")
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    make_run(target, tables=("final",)).finish()
    assert contents(target / "smoke") == inner
    left = {name for name in contents(target) if not name.startswith("smoke/")}
    suffixes = ("csv", "md", "tex")
    assert left == {"run.json", "claims.csv", "timings.csv", "notes.txt"} | {f"tables/final.{s}" for s in suffixes}


@pytest.mark.slow
def test_two_processes_write_identical_files(tmp_path):
    program = (
        "import sys\nsys.path[:0] = sys.argv[2:]\n"
        "from test_run import make_run\nmake_run(sys.argv[1], figure=True, seeds=2).finish()\n"
    )
    processes, here = [], Path(__file__).parent
    for name in ("1", "2"):
        command = [sys.executable, "-c", program, str(tmp_path / name), str(here), str(here.parent / "support")]
        processes.append(subprocess.Popen(command, env=os.environ | {"PYTHONHASHSEED": name, "MPLBACKEND": "agg"}))
    assert [process.wait() for process in processes] == [0, 0]
    found = [contents(tmp_path / name) for name in ("1", "2")]
    different = {name for name in found[0] if found[0][name] != found[1][name]}
    assert found[0].keys() == found[1].keys()
    assert different <= {"timings.csv", "run.json"}  # these two hold durations and dates
    keys = [json.loads(files["run.json"])["key"] for files in found]
    assert keys[0] == keys[1]  # where the results go is no part of a run's identity


def test_the_key_changes_with_every_parameter_and_the_data(tmp_path):
    runs = [{}, {"seeds": 2}, {"seeds": 3}, {"profile": "default"}]
    keys = []
    for number, parameters in enumerate(runs):
        folder = make_run(tmp_path / str(number), **parameters).finish()
        keys.append(read_record(folder)["key"])
    run = start_run("03_synthetic", {"profile": "smoke", "results_dir": str(tmp_path / "data")}, {"cifar100": "abc"})
    run.table("final", FRAME)
    keys.append(read_record(run.finish())["key"])
    assert len(set(keys)) == 5


def test_notebook_parameters_are_the_plain_values():
    namespace = {"seeds": 3, "rate": 0.5, "sizes": [2, 4], "options": {"a": 1}, "name": "x", "limit": None, "fast": True}
    others = {"_": 1, "__name__": "m", "_i1": "x", "In": ["x"], "Out": {}, "pd": pd, "Path": Path, "open": open, "FIRST": "x"}
    assert notebook_parameters(namespace | others) == namespace


def test_the_record_lists_the_seeds_only_where_there_are_some():
    assert seed_list({"seeds": 3}) == [0, 1, 2]
    assert seed_list({"seeds": 3, "first_seed": 5}) == [5, 6, 7]
    assert seed_list({"profile": "smoke"}) == []


def test_a_run_says_what_it_wrote_and_where_the_committed_results_lie(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    local = make_run("results/local/synthetic/smoke", tables=("a", "b"), figure=True)
    local.finish()
    assert local.written() == "2 tables and 1 figure in results/local/synthetic/smoke"
    published = make_run("results/synthetic/smoke")
    published.finish()
    assert published.written() == "1 table and 0 figures in results/synthetic/smoke"
    assert local.written().endswith("smoke; the committed results of this profile: results/synthetic/smoke")


def test_what_a_budget_left_undone_stands_in_the_record(tmp_path):
    for trainings, left in ((3, {"trainings": 3, "minutes": 12.3}), (0, None)):
        run = start_run("03_synthetic", {"results_dir": str(tmp_path / "run"), "minutes": 10.0})
        run.table("rows", pd.DataFrame({"a": [1]}))
        run.leave(trainings, 12.34)
        run.finish()
        assert read_record(tmp_path / "run").get("left") == left
