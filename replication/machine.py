"""This machine: its cores and device, processes that share work, seconds and memory of a call."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext

import torch

BAR = {"mininterval": 30, "maxinterval": 60, "file": sys.stderr}  # of tqdm: a notebook stores every refresh


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_or_best(device: str = "") -> str:
    """Return `device`, or, where it is empty, "cuda" if there is a GPU, else "cpu"."""
    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def worker_context(*modules: str) -> BaseContext:
    """Return how worker processes of this one are started: with none of its thread pools, which would hang in a copy.

    Without a GPU they are copies of a process that has imported the named modules and done nothing else; torch and its
    relatives take longer to import than a small training to run. A process with CUDA must not be copied, so with a GPU, or
    where processes cannot be copied, each worker starts afresh.
    """
    if torch.cuda.is_available() or "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(modules))  # too late if one runs already: then workers import what it lacks
    return context


@contextmanager
def deaf_workers() -> Iterator[None]:
    """Processes that are started in here do not hear Ctrl-C: their parent does, and ends them."""
    if threading.current_thread() is not threading.main_thread():  # others may not say what a signal does
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_with_parent() -> None:
    """End this process, from now on, when its parent is gone: killed, that could not say so, and a new run must find nobody."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def fastest(functions: dict[str, Callable], repeats: int) -> dict[str, float]:
    """Return the least seconds of each function over `repeats` rounds, all called in turn in each round, after a warm-up."""
    seconds = dict.fromkeys(functions, float("inf"))
    for round_ in range(repeats + 1):
        for name, function in functions.items():
            begin = time.perf_counter()
            function()
            if round_ > 0:
                seconds[name] = min(seconds[name], time.perf_counter() - begin)
    return seconds


def with_peak_memory(function: Callable) -> tuple[object, float, float]:
    """Call `function` and return (its value, seconds, peak resident memory of the whole process in MiB).

    Sampled every 5 ms, so a shorter peak can be missed. Python with its libraries and the data are part of it: an upper
    limit of what the call itself needs, even if it re-uses memory that the process kept from before.
    """
    import psutil  # of the extra `experiments`, which measure

    process, peak, done = psutil.Process(), [0], threading.Event()

    def watch():
        """Keep the largest resident memory (bytes), looking every 5 ms until the call is done."""
        while True:
            peak[0] = max(peak[0], process.memory_info().rss)
            if done.wait(0.005):
                break

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    begin = time.perf_counter()
    try:
        value = function()
    finally:
        seconds = time.perf_counter() - begin
        done.set()
        watcher.join()
    return value, seconds, peak[0] / 2**20
