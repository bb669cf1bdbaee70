"""Calls of a function side by side on Dask's workers, or one after the other here."""

from collections.abc import Callable
from uuid import uuid4

from replication.cluster import ClusterError


def on_workers(client, name: str, function: Callable, jobs: list[tuple]) -> list:
    """Return [function(*job) for job in jobs], computed by the workers of `client`; None: here.

    A job whose worker dies is given to another, by Dask. So jobs must be repeatable: they write whole files or none, and
    draw no randomness but from their arguments.

    Raises:
        ClusterError: a job's worker died again and again, as it needs more memory than its limit; one line names the job.
        Whatever else a job raises. The others are then not begun.
    """
    if client is None:
        return [function(*job) for job in jobs]
    from distributed import KilledWorker

    mark = uuid4().hex[:8]  # so that nobody else's results are taken for these
    futures = [client.submit(function, *job, key=f"{name} {number} {mark}", pure=False) for number, job in enumerate(jobs)]
    try:
        return client.gather(futures)
    except KilledWorker as error:
        job = str(error.task).rpartition(" ")[0]
        deaths = error.allowed_failures + 1
        reason = "perhaps for want of memory: a smaller shard_size or a larger memory limit helps"
        raise ClusterError(f"{job}: its worker died {deaths} time{'s' * (deaths > 1)}, {reason}") from None
    finally:
        client.cancel(futures)
