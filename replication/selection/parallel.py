"""Run independent chunks on all cores, with the same result for any number of workers."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from threadpoolctl import threadpool_limits


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
    threads = torch.get_num_threads()
    # torch counts its threads for each calling thread; the other libraries are limited for the whole process.
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            if workers == 1:
                return [function(chunk) for chunk in chunks]
            with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                return list(pool.map(function, chunks))
    finally:
        torch.set_num_threads(threads)
