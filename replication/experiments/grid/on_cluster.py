"""The jobs of `side_by_side.run_grid` on the workers of a Dask cluster instead of processes of this machine."""

import math
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path
from uuid import uuid4

import torch
from tqdm import tqdm

from replication.cluster import ClusterError, check_shared, connect
from replication.experiments.grid.stopped import Stopped
from replication.machine import BAR


def run_on_cluster(
    address: str, train: Callable, jobs: list[tuple], epochs: int, threads: int = 1, deadline: float = math.inf
) -> list:
    """Return [train(*job, on_epoch) for job in jobs]; None for a job that the deadline stopped.

    Dask gives the job of a worker that dies to another, where `train` goes on from its checkpoint. So the folder of the
    results must be one that all workers see, and the project and its data must lie where they look for them.

    Args:
        address: of the scheduler, such as "tcp://host:8786".
        train, jobs, epochs, threads, deadline: as of `run_grid`.

    Raises:
        ClusterError: no scheduler, no worker, a folder that is not shared, or a job whose workers die again and again.
        Whatever a job raises. The others then stop at the end of their epoch, with their checkpoints.
    """
    from distributed import Event, KilledWorker

    mark, known = f"grid-{uuid4().hex[:8]}", dict.fromkeys(range(len(jobs)), 0)
    with connect(address) as client, tqdm(total=epochs * len(jobs), desc="epochs", **BAR) as bar:
        for folder in {part for job in jobs for part in job if isinstance(part, Path)}:
            folder.mkdir(parents=True, exist_ok=True)
            check_shared(client, folder)

        def note(event) -> None:
            """Keep how many epochs of a job are done: one that moved to another worker may be behind what it was."""
            number, done = event[1]
            known[number] = done

        client.subscribe_topic(mark, note)
        stop, pool = Event(mark, client), client.get_executor(pure=False)
        futures = [pool.submit(_train_there, train, job, number, threads, mark) for number, job in enumerate(jobs)]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=1, return_when=FIRST_COMPLETED)
                bar.update(sum(known.values()) - bar.n)
                for future in done:
                    _result(future)
                if time.monotonic() >= deadline:
                    stop.set()
        except KilledWorker as error:
            stop.set()
            raise ClusterError(
                f"a training's worker died {error.allowed_failures + 1} times, perhaps for want of memory"
            ) from None
        except BaseException:
            stop.set()
            raise
        return [_result(future) for future in futures]


def _result(future):
    """Return what a job returned, or None if the deadline stopped it."""
    try:
        return future.result()
    except Stopped:
        return None


def _train_there(train: Callable, job: tuple, number: int, threads: int, mark: str):
    from distributed import Event, get_worker

    torch.set_num_threads(threads)
    stop = Event(mark)

    def on_epoch(done: int) -> None:
        """Tell whoever waits how many epochs are done; raise Stopped if the grid ends."""
        get_worker().log_event(mark, [number, done])
        if stop.is_set():
            raise Stopped("this grid is over: another training failed, or its time has run out")

    on_epoch(0)
    return train(*job, on_epoch)
