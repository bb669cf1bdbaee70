"""Clusters: one line where none answers, where a folder is not shared, and the job that Slurm would get."""

import os
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")

import dask
from distributed import Client, LocalCluster

from replication.__main__ import main
from replication.cluster import SCHEDULER, ClusterError, check_shared, connect, slurm_cluster, trainings_on

EXAMPLE = "examples/slurm.yaml"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://nobody.invalid:8786"])
def test_a_scheduler_that_does_not_answer(address):
    with pytest.raises(ClusterError, match=rf"^scheduler='{address}' did not answer within 0.5 s$"):
        connect(address, seconds=0.5)


def test_one_that_is_none():
    with pytest.raises(ClusterError, match=r"^scheduler='there' must be local, tcp://host:port or slurm:config.yaml$"):
        connect("there")


def test_workers_here_and_a_scheduler_that_answers(tmp_path):
    with (
        connect("local", processes=False, n_workers=2, protocol="tcp://") as client,
        connect(client.scheduler.address) as other,
    ):
        assert len(other.scheduler_info()["workers"]) == 2 and other.submit(pow, 2, 5).result() == 32
        assert dask.config.get("scheduler", None) is None  # no default is left to those who come later
        client.cluster.close()


def test_trainings_are_told_of_a_cluster_inside_the_block_alone(monkeypatch, capsys):
    monkeypatch.delenv(SCHEDULER, raising=False)
    with trainings_on("local"):
        assert SCHEDULER not in os.environ and capsys.readouterr().out == ""
    with connect("local", processes=False, n_workers=1, protocol="tcp://") as client:
        address = client.scheduler.address
        with trainings_on(address):
            assert os.environ[SCHEDULER] == address
        assert SCHEDULER not in os.environ
        client.cluster.close()
    line = capsys.readouterr().out
    assert line.startswith(f"Dask: {address}, dashboard http://") and len(line.splitlines()) == 1


def test_the_command_line_says_in_one_line_what_is_wrong(capsys, monkeypatch):
    assert main(["run", "theory", "--profile", "smoke", "--scheduler", "nowhere"]) == 2
    assert capsys.readouterr().err == "error: scheduler='nowhere' must be local, tcp://host:port or slurm:config.yaml\n"


def test_a_folder_that_is_not_shared_is_named(tmp_path):
    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster, Client(cluster) as client:
        check_shared(client, tmp_path)
    blind = SimpleNamespace(wait_for_workers=lambda *_, **__: None, run=lambda *_: {"tcp://b:1": False, "tcp://a:1": True})
    with pytest.raises(ClusterError, match=r" is not shared: worker tcp://b:1 does not see what is written there$"):
        check_shared(blind, tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_worker_comes(tmp_path, monkeypatch):
    monkeypatch.setattr("replication.cluster.SECONDS", 0.3)
    expected = pytest.raises(ClusterError, match=r"^no worker of .* came within 0.3 s$")
    options = {"n_workers": 0, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client, expected:
        check_shared(client, tmp_path)


def test_the_example_for_slurm_makes_the_job_that_its_comments_promise():
    pytest.importorskip("dask_jobqueue")
    script = slurm_cluster(EXAMPLE, ask=False).job_script()
    lines = script.splitlines()
    for line in ("#SBATCH -p cpu", "#SBATCH -n 1", "#SBATCH --cpus-per-task=8", "#SBATCH --mem=30G", "#SBATCH -t 04:00:00"):
        assert line in lines, script
    assert "distributed.cli.dask_worker" in lines[-1] or "dask worker" in lines[-1], script
    assert "--nworkers 8" in lines[-1] and "--nthreads 1" in lines[-1], script


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cores: 2\nmemory: 1GB\n", "it lacks 'jobs'"),
        ("jobs: 1\nmemory: 1GB\n", "You must specify how much cores and memory per job you want"),
        ("jobs: 1\ncores: 1\nmemory: 1GB\ncolour: red\n", ".*colour"),
        ("just words", ".*pop"),
        ("a: [", ".*"),
    ],
)
def test_wrong_settings_of_slurm(tmp_path, text, reason):
    pytest.importorskip("dask_jobqueue")
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ClusterError, match=rf"^slurm:.*config.yaml cannot be used: {reason}"):
        connect(f"slurm:{file}")
    with pytest.raises(ClusterError, match=r"cannot be used: .*No such file"):
        connect("slurm:nowhere.yaml")
