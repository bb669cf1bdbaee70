"""Jobs on workers: one that kills every worker is named."""

from types import SimpleNamespace

import pytest
from distributed import Client, KilledWorker, LocalCluster

from replication.cluster import ClusterError
from replication.sharding.workers import on_workers


def test_results_come_in_order_with_and_without_workers():
    jobs = [(number, 2) for number in range(5)]
    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster, Client(cluster) as client:
        assert on_workers(client, "power", pow, jobs) == on_workers(None, "power", pow, jobs) == [0, 1, 4, 9, 16]
        with pytest.raises(ZeroDivisionError):
            on_workers(client, "power", pow, [(0, -1)])


def test_a_job_that_kills_every_worker_is_named():
    def gather(futures):
        raise KilledWorker("round 1, shard 3 0a1b2c3d", None, 3)

    client = SimpleNamespace(submit=lambda *job, **options: None, gather=gather, cancel=lambda futures: None)
    with pytest.raises(
        ClusterError, match=r"^round 1, shard 3: its worker died 4 times, perhaps for want of memory: a smaller"
    ):
        on_workers(client, "round 1, shard", pow, [(1, 1)])
