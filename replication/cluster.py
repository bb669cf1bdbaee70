"""A client of a Dask cluster: one on this machine, one that runs already, or one that Slurm starts."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from replication.extras import need
from replication.machine import cores

SECONDS = 30  # that a scheduler has to answer
SCHEDULER = "REPLICATION_SCHEDULER"  # the variable by which `run --scheduler` tells a notebook's process the address
# Dask lets its workers give freed memory back at once, and a search that needs megabytes again and again then waits for fresh
# pages most of the time. So much of it (bytes) they keep.
KEPT_MEMORY = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 2**28}


class ClusterError(RuntimeError):
    """No cluster can be had, or it cannot do its work: one line says why."""


def connect(scheduler: str = "local", seconds: float = SECONDS, **options):
    """Return a `distributed.Client` of a scheduler.

    It is not made the default of Dask, which would outlive a cluster that closes first: hand it on by name.

    Args:
        scheduler: "local": workers of one thread on this machine, one for each core, which end with the client;
            "tcp://host:port" (or tls://, ws://): a scheduler that runs already; "slurm:config.yaml": workers that Slurm
            starts, with the settings of the file (see `slurm_cluster`).
        seconds: that it has to answer.
        options: of `distributed.LocalCluster` for "local", such as n_workers=2 or memory_limit="3GB".

    Raises:
        ClusterError: it does not answer, or the name is none of these; one line.
        MissingExtra: Dask is not installed.
    """
    need("a cluster", "cluster", ("dask", "distributed"))
    import dask
    from distributed import Client, LocalCluster

    if scheduler == "local":
        options = {"n_workers": cores(), "threads_per_worker": 1, "dashboard_address": ":0"} | options
        with dask.config.set(KEPT_MEMORY):
            return Client(LocalCluster(**options), set_as_default=False)
    if scheduler.startswith("slurm:"):
        return Client(slurm_cluster(scheduler.removeprefix("slurm:")), set_as_default=False)
    if not scheduler.startswith(("tcp://", "tls://", "ws://", "wss://")):
        raise ClusterError(f"scheduler={scheduler!r} must be local, tcp://host:port or slurm:config.yaml")
    try:
        return Client(scheduler, timeout=seconds, set_as_default=False)
    except (OSError, ValueError) as error:
        what = "did not answer" if isinstance(error, OSError) else f"cannot be reached ({str(error).splitlines()[0]})"
        raise ClusterError(f"scheduler={scheduler!r} {what} within {seconds:g} s") from None


def slurm_cluster(file: str | Path, ask: bool = True):
    """Return the `dask_jobqueue.SLURMCluster` of a YAML file; `ask` Slurm for its jobs.

    The file holds `jobs`, how many Slurm jobs to ask for, and arguments of `SLURMCluster` by name, such as cores, memory,
    queue, account and walltime; `examples/slurm.yaml` is one.

    Raises:
        ClusterError: no such file, or a setting that `SLURMCluster` does not take; one line.
    """
    need("Slurm", "cluster", ("dask_jobqueue", "yaml"))
    import yaml
    from dask_jobqueue import SLURMCluster

    try:
        settings = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        jobs = settings.pop("jobs")
        cluster = SLURMCluster(**settings)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else (str(error).splitlines() or [type(error).__name__])[0]
        raise ClusterError(f"slurm:{file} cannot be used: {reason}") from None
    if ask:
        cluster.scale(jobs=jobs)
    return cluster


@contextmanager
def trainings_on(scheduler: str) -> Iterator[None]:
    """Let grids of trainings that begin inside the block, also in processes it starts, run on a scheduler's workers.

    "local" changes nothing: their processes need no cluster. See `connect` for the others.
    """
    if scheduler == "local":
        yield
        return
    with connect(scheduler) as client:
        print(f"Dask: {client.scheduler.address}, dashboard {client.dashboard_link}", flush=True)
        os.environ[SCHEDULER] = client.scheduler.address
        try:
            yield
        finally:
            del os.environ[SCHEDULER]


def check_shared(client, folder: Path) -> None:
    """Raise ClusterError if a worker does not see what is written to `folder`, or the cluster has no worker yet."""
    from distributed import TimeoutError as NoWorkers

    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except (NoWorkers, TimeoutError):
        raise ClusterError(f"no worker of {client.scheduler.address} came within {SECONDS} s") from None
    token = folder / f".{uuid4().hex}"
    token.touch()
    try:
        seen = client.run(os.path.exists, str(token.resolve()))
    finally:
        token.unlink()
    blind = sorted(worker for worker, sees in seen.items() if not sees)
    if blind:
        raise ClusterError(f"{folder} is not shared: worker {blind[0]} does not see what is written there")


def quiet() -> None:
    """Keep Dask's own lines about lost workers to itself: what matters is raised."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
