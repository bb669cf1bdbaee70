"""Seconds and memory of a call."""

import threading
import time
from collections.abc import Callable

import psutil


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
