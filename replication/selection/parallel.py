"""Run independent chunks on all cores, with the same result for any number of workers."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController


@cache
def _thread_pools() -> ThreadpoolController:
    # Finding the libraries' thread pools takes milliseconds, longer than a small plan: once is enough, as the modules that
    # load them are imported with this package.
    return ThreadpoolController()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run linear algebra on one thread inside the block: its rounding then does not depend on the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _thread_pools().limit(limits=1):
            yield
    finally:
        torch.set_num_threads(threads)


def map_chunks(function: Callable, chunks: list, workers: int | None = None) -> list:
    """Return [function(chunk) for chunk in chunks], computed by threads.

    Linear algebra runs single-threaded inside a chunk: its rounding, and so the plan, then does not depend on how many
    chunks run at once, and the cores are not shared twice. NumPy, SciPy, torch and the compiled kernels release Python's
    lock while they compute.

    Args:
        function: takes one chunk; must draw no randomness of its own.
        chunks: its arguments.
        workers: number of threads; None means all cores that the process may use.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(workers or cores, len(chunks))
    with single_threaded():
        if workers == 1:
            return [function(chunk) for chunk in chunks]
        # torch counts its threads for each calling thread; the other libraries are limited for the whole process.
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(function, chunks))
