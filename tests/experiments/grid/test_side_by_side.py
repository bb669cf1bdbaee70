"""Jobs side by side in processes: results in order, one failure stops the rest, finished results are read back."""

import errno
import subprocess
import sys
import time

import grid_jobs
import psutil
import pytest
from grid_jobs import fail_or_wait, square

from replication.experiments.grid.side_by_side import read_result, run_folder, run_grid, write_result
from replication.training.checkpoint import CheckpointError


def test_results_come_in_the_order_of_the_jobs():
    assert run_grid(square, [(3,), (4,), (5,)], epochs=2, workers=2) == [(9, 1), (16, 1), (25, 1)]


def test_one_failure_is_raised_and_stops_the_others():
    with pytest.raises(ValueError, match=r"^job 0 broke$"):
        run_grid(fail_or_wait, [(0,), (1,), (2,)], epochs=1000, workers=2)


def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path):
    """They would go on writing checkpoints, which a new run reads."""
    files = [tmp_path / "a", tmp_path / "b"]
    grid = subprocess.Popen([sys.executable, grid_jobs.__file__, *map(str, files)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not all(file.exists() for file in files) and time.monotonic() < deadline:
        time.sleep(0.1)
    grid.kill()
    grid.wait()
    pids = [int(file.read_text(encoding="utf-8")) for file in files]
    while any(map(psutil.pid_exists, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(psutil.pid_exists, pids))


def test_results_are_read_only_by_the_run_that_made_them(tmp_path):
    path = tmp_path / "run" / "result.json"
    assert read_result(path, {"seed": 0}) is None
    write_result(path, {"seed": 0, "sizes": (1, 2)}, {"accuracy": 1.5})
    assert read_result(path, {"seed": 0, "sizes": (1, 2)}) == {"accuracy": 1.5}
    assert read_result(path, {"seed": 1, "sizes": (1, 2)}) is None
    assert [file.name for file in path.parent.iterdir()] == ["result.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"identity": {"seed": 0}}'])
def test_a_damaged_result_counts_as_none(tmp_path, content):
    path = tmp_path / "result.json"
    path.write_text(content, encoding="utf-8")
    assert read_result(path, {"seed": 0}) is None


def test_a_full_disk_keeps_the_result_before(tmp_path, monkeypatch):
    path = tmp_path / "result.json"
    write_result(path, {"seed": 0}, {"accuracy": 1.5})

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("replication.training.checkpoint.os.fsync", full)
    with pytest.raises(CheckpointError, match=r"^result .* cannot be written: No space .*; the result before it is"):
        write_result(path, {"seed": 0}, {"accuracy": 2})
    assert read_result(path, {"seed": 0}) == {"accuracy": 1.5}
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


def test_folders_differ_where_the_trainings_do(tmp_path):
    places = {run_folder(tmp_path, "simclr-SC-0", {"seed": 0, "epochs": epochs}) for epochs in (1, 2)}
    assert len(places) == 2 and all(place.name.startswith("simclr-SC-0-") for place in places)
    assert run_folder(tmp_path, "a", {"x": 1, "y": 2}) == run_folder(tmp_path, "a", {"y": 2, "x": 1})
