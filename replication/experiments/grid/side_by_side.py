"""Many trainings side by side, each in a process of its own, with one quiet progress bar; finished ones are not repeated."""

import hashlib
import json
import multiprocessing
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

import torch
from tqdm import tqdm

from replication.machine import BAR, cores, deaf_workers, end_with_parent
from replication.training.checkpoint import write_whole

_finished_epochs = _stop = None


class Stopped(RuntimeError):
    """Another training of the grid failed, so this one ended at its last checkpoint."""


def run_grid(train: Callable, jobs: list[tuple], epochs: int, workers: int = 0, threads: int = 1) -> list:
    """Return [train(*job, on_epoch) for job in jobs], computed side by side.

    Args:
        train: an importable function that resumes from its own checkpoint; it calls `on_epoch(done)` with the number of
            epochs that are done, at first with those that it found finished.
        jobs: its arguments.
        epochs: of one job, for the bar.
        workers: processes; 0: as many as cores, at most one for each job.
        threads: of torch in each process. Results on the CPU are bit-identical only for equal numbers of threads.

    Raises:
        Whatever a job raises. The others then stop at the end of their epoch, with their checkpoints.
    """
    context = multiprocessing.get_context("spawn")  # a forked process must not use CUDA, nor the parent's thread pools
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
                    future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [future.result() for future in futures]


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
            raise Stopped("another training of this grid failed")

    return train(*job, on_epoch)


def run_folder(folder: Path, name: str, identity: dict) -> Path:
    """Return the place of one training below `folder`: its name and a hash of what it is, so that no other finds it there."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return folder / f"{name}-{digest[:8]}"


def read_result(path: Path, identity: dict) -> dict | None:
    """Return what `write_result` wrote to `path`, or None if there is nothing, or it is of another run or damaged."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return stored["result"] if stored["identity"] == json.loads(json.dumps(identity)) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # the checkpoint beside it makes a new result cheap
        return None


def write_result(path: Path, identity: dict, result: dict) -> None:
    """Write the result of one finished training, whole or not at all.

    Raises:
        CheckpointError: it cannot be written, as on a full disk.
    """
    text = json.dumps({"identity": identity, "result": result})
    write_whole(path, lambda file: file.write(text.encode()), "result")
