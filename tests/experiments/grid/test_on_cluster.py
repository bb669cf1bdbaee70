"""Jobs on a Dask cluster: as in processes of this machine, also where a worker is killed."""

import os
import signal
import time
from threading import Thread

import grid_jobs
import pytest

pytest.importorskip("distributed")

import dask
import small_grid
from distributed import Client, LocalCluster

from replication.cluster import SCHEDULER, ClusterError, quiet
from replication.experiments.grid.on_cluster import run_on_cluster
from replication.experiments.grid.record_files import read_record
from replication.experiments.grid.side_by_side import run_grid

VARYING = ("seconds", "timings", "made")  # of a record: where and how fast it was made


@pytest.fixture
def threads():
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "protocol": "tcp://", "dashboard_address": ":0"}
    # A worker's own client, which lives in this process here, would be left as the default of Dask.
    with dask.config.set(scheduler=None), LocalCluster(**options) as cluster:
        yield cluster.scheduler_address


def test_run_grid_goes_to_the_cluster_that_is_named(threads, monkeypatch):
    monkeypatch.setenv(SCHEDULER, threads)
    assert run_grid(grid_jobs.square, [(3,), (4,), (5,)], epochs=2) == [(9, 1), (16, 1), (25, 1)]


def test_one_failure_is_raised_and_the_deadline_stops_the_others(threads):
    with pytest.raises(ValueError, match=r"^job 0 broke$"):
        run_on_cluster(threads, grid_jobs.fail_or_wait, [(0,), (1,)], epochs=1000)
    begin = time.monotonic()
    assert run_on_cluster(threads, grid_jobs.fail_or_wait, [(1,), (2,), (3,)], 1000, deadline=begin + 1) == [None] * 3
    assert time.monotonic() - begin < 50


def test_a_scheduler_that_is_gone():
    with pytest.raises(ClusterError, match=r"^scheduler='nowhere' must be local, tcp://host:port or slurm:config.yaml$"):
        run_on_cluster("nowhere", grid_jobs.square, [(3,)], 2)


def kill_at_the_first_checkpoint(folder, process, killed):
    """Kill a process, one of two that train, once either has written a checkpoint; note it in `killed`."""
    end = time.monotonic() + 240
    while not list(folder.glob("trainings/*/checkpoint.pt")):
        if time.monotonic() > end:
            return
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    killed.append(process)


@pytest.mark.slow
def test_trainings_whose_worker_is_killed_go_on_elsewhere_and_end_the_same(tmp_path, monkeypatch):
    quiet()
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        monkeypatch.setenv(SCHEDULER, cluster.scheduler_address)
        jobs = [(tmp_path / "jobs", number) for number in range(3)]
        assert run_grid(grid_jobs.die_once, jobs, epochs=3) == [(0, 0), (1, 2), (2, 0)]
        before, killed = list(client.run(os.getpid).values()), []
        killer = Thread(target=kill_at_the_first_checkpoint, args=(tmp_path / "there", before[0], killed))
        killer.start()
        small_grid.run(tmp_path / "there", seeds=1, epochs=3)
        killer.join()
        assert killed == [before[0]] and before[0] not in client.run(os.getpid).values()
    monkeypatch.delenv(SCHEDULER)
    small_grid.run(tmp_path / "here", workers=1, seeds=1, epochs=3)
    mine, theirs = (sorted((tmp_path / place / "records").glob("*.json")) for place in ("here", "there"))
    assert [path.name for path in mine] == [path.name for path in theirs] and len(mine) == 2
    for one, other in zip(mine, theirs, strict=True):
        one, other = (
            {name: value for name, value in read_record(path).items() if name not in VARYING} for path in (one, other)
        )
        assert one == other
