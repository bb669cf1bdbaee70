"""Many trainings side by side, each in a process of its own, with one quiet progress bar; or on the workers of a cluster."""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, ProcessPoolExecutor, wait
from pathlib import Path

import torch
from tqdm import tqdm

from replication.cluster import SCHEDULER
from replication.experiments.grid.stopped import Stopped
from replication.machine import BAR, cores, deaf_workers, end_with_parent, worker_context

_finished_epochs = _stop = None


def run_grid(
    train: Callable, jobs: list[tuple], epochs: int, workers: int = 0, threads: int = 1, deadline: float = math.inf
) -> list:
    """Return [train(*job, on_epoch) for job in jobs], computed side by side; None for a job that the deadline stopped.

    Where `run --scheduler` has named a Dask cluster, its workers do this; see `on_cluster`.

    Args:
        train: an importable function that resumes from its own checkpoint; it calls `on_epoch(done)` with the number of
            epochs that are done, at first with those that it found finished.
        jobs: its arguments.
        epochs: of one job, for the bar.
        workers: processes; 0: as many as cores, at most one for each job.
        threads: of torch in each process. Results on the CPU are bit-identical only for equal numbers of threads.
        deadline: of `time.monotonic`: from then on no job begins, and those under way stop at the end of their epoch.

    Raises:
        Whatever a job raises. The others then stop at the end of their epoch, with their checkpoints.
    """
    if not jobs:
        return []
    if os.environ.get(SCHEDULER):
        from replication.experiments.grid.on_cluster import run_on_cluster

        return run_on_cluster(os.environ[SCHEDULER], train, jobs, epochs, threads, deadline)
    context = worker_context(getattr(train, "func", train).__module__)  # `func`: of a partial
    workers = min(workers or cores(), len(jobs))
    counter, stop = context.Value("l", 0), context.Event()
    with (
        ProcessPoolExecutor(workers, context, _begin_worker, (threads, counter, stop)) as pool,
        tqdm(total=epochs * len(jobs), desc="epochs", **BAR) as bar,
    ):
        with deaf_workers():
            futures = [pool.submit(_call, train, job) for job in jobs]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=1, return_when=FIRST_COMPLETED)
                bar.update(counter.value - bar.n)
                for future in done:
                    _result(future, stop)
                if time.monotonic() >= deadline and not stop.is_set():
                    stop.set()
                    cancelled = {future for future in pending if future.cancel()}
                    pending -= cancelled
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [_result(future, stop) for future in futures]


def _result(future, stop):
    """Return what a job returned, or None if the deadline stopped it."""
    try:
        return future.result()
    except (Stopped, CancelledError):
        if stop.is_set():
            return None
        raise


def _begin_worker(threads: int, counter, stop) -> None:
    global _finished_epochs, _stop
    _finished_epochs, _stop = counter, stop
    torch.set_num_threads(threads)
    end_with_parent()


def _call(train: Callable, job: tuple):
    known = 0

    def on_epoch(done: int) -> None:
        """Add the epochs done since the last call to the common counter; raise Stopped if the grid ends."""
        nonlocal known
        with _finished_epochs.get_lock():
            _finished_epochs.value += done - known
        known = done
        if _stop.is_set():
            raise Stopped("this grid is over: another training failed, or its time has run out")

    return train(*job, on_epoch)


def run_folder(folder: Path, name: str, identity: dict) -> Path:
    """Return the place of one training below `folder`: its name and a hash of what it is, so that no other finds it there."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return folder / f"{name}-{digest[:8]}"
