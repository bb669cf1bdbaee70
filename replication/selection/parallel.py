"""Run independent chunks on all cores, with the same result for any number of workers."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController


@cache
def _thread_pools(user_api: str) -> ThreadpoolController:
    # Finding the libraries' thread pools takes milliseconds, longer than a small plan: once is enough, as the modules that
    # load them are imported with this package.
    return ThreadpoolController().select(user_api=user_api)


class _SingleBlasThread:
    """A context that limits BLAS to one thread. The limit holds for the whole process, so the last one out lifts it."""

    def __init__(self):
        self._lock, self._inside, self._limit = threading.Lock(), 0, None

    def __enter__(self):
        with self._lock:
            if self._inside == 0:
                self._limit = _thread_pools("blas").limit(limits=1)
            self._inside += 1

    def __exit__(self, *error):
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.restore_original_limits()


_single_blas_thread = _SingleBlasThread()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run linear algebra on one thread inside the block: its rounding then does not depend on the number of cores.

    Other threads may be inside at the same time. Afterwards all have as many threads as before.
    """
    threads = torch.get_num_threads()
    _set_torch_threads(1, threads)
    try:
        # OpenMP, as torch, counts its threads for each calling thread.
        with _single_blas_thread, _thread_pools("openmp").limit(limits=1):
            yield
    finally:
        _set_torch_threads(threads, threads)


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)  # kept: a new thread each time would cost more than some plans


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helper.cache_clear)  # threads do not survive a fork


def _set_torch_threads(count: int, for_new_threads: int) -> None:
    """Set torch's number of threads for the calling thread, and for those that start later."""
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
        # A thread begins with the number that any thread set last. Only another thread can start one meanwhile.
        if count != for_new_threads and threading.active_count() > 1:
            _helper().submit(torch.set_num_threads, for_new_threads).result()


def _begin_worker() -> None:
    _set_torch_threads(1, torch.get_num_threads())  # a new thread has what new threads get
    _thread_pools("openmp").limit(limits=1)


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
        with ThreadPoolExecutor(workers, initializer=_begin_worker) as pool:
            return list(pool.map(function, chunks))
