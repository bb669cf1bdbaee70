"""Run independent chunks on all cores, with the same result for any number of workers."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import OpenBLASController, ThreadpoolController

from replication.machine import cores


@cache
def _libraries(user_api: str) -> list:
    # Finding the libraries' thread pools takes milliseconds, longer than a small plan: once is enough, as the modules that
    # load them are imported with this package.
    found = ThreadpoolController().select(user_api=user_api).lib_controllers
    # A BLAS that rests on OpenMP (as FAISS's) has threads for each calling thread: its OpenMP, listed by itself, counts them.
    return [library for library in found if user_api != "blas" or getattr(library, "threading_layer", "") != "openmp"]


def _release_control() -> None:
    """Let any thread set limits: threadpoolctl, from 3.8 on, lets only the one that set the first, and silently."""
    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread(force=True)


def _set_threads(user_api: str, counts: list[int]) -> None:
    for library, count in zip(_libraries(user_api), counts, strict=True):
        library.set_num_threads(count)


def _threads(user_api: str) -> list[int]:
    return [library.num_threads for library in _libraries(user_api)]


class _SingleBlasThread:
    """A context that limits BLAS to one thread. The limit holds for the whole process, so the last one out lifts it."""

    def __init__(self):
        self._lock, self._inside, self._before = threading.Lock(), 0, []

    def __enter__(self):
        with self._lock:
            if self._inside == 0:
                self._before = _threads("blas")
                self._set([1] * len(self._before))
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._set(self._before)

    def _set(self, counts):
        _release_control()
        _set_threads("blas", counts)
        _release_control()


_single_blas_thread = _SingleBlasThread()


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)  # kept: a new thread each time would cost more than some plans


def _forget_threads() -> None:
    _helper.cache_clear()
    _single_blas_thread.__init__()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)  # threads do not survive a fork


@contextmanager
def single_threaded() -> Iterator[None]:
    """Run linear algebra on one thread inside the block: its rounding then does not depend on the number of cores.

    Other threads may be inside at the same time. Afterwards all have as many threads as before.
    """
    # OpenMP, as torch, counts its threads for each calling thread.
    with single_torch_thread(), _single_blas_thread:
        before = _threads("openmp")
        _set_threads("openmp", [1] * len(before))
        try:
            yield
        finally:
            _set_threads("openmp", before)


@contextmanager
def single_torch_thread() -> Iterator[None]:
    """Run torch alone on one thread inside the block: cheaper to enter, for steps that use no other library."""
    threads = torch.get_num_threads()
    _set_torch_threads(1, threads)
    try:
        yield
    finally:
        _set_torch_threads(threads, threads)


def _set_torch_threads(count: int, for_new_threads: int) -> None:
    """Set torch's number of threads for the calling thread, and for those that start later."""
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
        # A thread begins with the number that any thread set last. Only another thread can start one meanwhile.
        if count != for_new_threads and threading.active_count() > 1:
            _helper().submit(torch.set_num_threads, for_new_threads).result()


def _begin_worker() -> None:
    _set_torch_threads(1, torch.get_num_threads())  # a new thread has what new threads get
    _set_threads("openmp", [1] * len(_libraries("openmp")))


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
    workers = min(workers or cores(), len(chunks))
    with single_threaded():
        if workers == 1:
            return [function(chunk) for chunk in chunks]
        with ThreadPoolExecutor(workers, initializer=_begin_worker) as pool:
            return list(pool.map(function, chunks))
