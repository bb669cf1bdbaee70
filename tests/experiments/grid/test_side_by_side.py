"""Jobs side by side in processes: results in order, one failure or the deadline stops the rest."""

import subprocess
import sys
import time

import grid_jobs
import psutil
import pytest
from grid_jobs import fail_or_wait, square

from replication.experiments.grid.side_by_side import run_folder, run_grid


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


def test_the_deadline_stops_jobs_at_the_end_of_an_epoch_and_begins_no_other():
    begin = time.monotonic()
    done = run_grid(fail_or_wait, [(1,), (2,), (3,)], epochs=1000, workers=2, deadline=begin + 8)
    assert done == [None, None, None] and time.monotonic() - begin < 50


def test_what_is_finished_before_the_deadline_is_returned():
    assert run_grid(square, [(3,)], epochs=2, deadline=time.monotonic() + 600) == [(9, 1)]
    assert run_grid(square, [], epochs=2) == []


def test_folders_differ_where_the_trainings_do(tmp_path):
    places = {run_folder(tmp_path, "simclr-SC-0", {"seed": 0, "epochs": epochs}) for epochs in (1, 2)}
    assert len(places) == 2 and all(place.name.startswith("simclr-SC-0-") for place in places)
    assert run_folder(tmp_path, "a", {"x": 1, "y": 2}) == run_folder(tmp_path, "a", {"y": 2, "x": 1})
