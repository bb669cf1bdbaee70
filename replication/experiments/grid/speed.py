"""How long a few updates of a task take now, as a forecast of all of them."""

import time
from collections.abc import Callable

import torch

from replication.training.loop import Task


def seconds_of_updates(task: Task, batch_size: int, count: int, device: torch.device, start: int = 0) -> float:
    """Return the least seconds of one update over three blocks of `count`. The first block, not counted, may compile.

    The task's network learns from it, so the task must not be used for anything else. With `start=1` the first update of
    each block is left out, and with it what the task does at the beginning of an epoch.
    """
    count = min(count, task.num_samples // batch_size)
    start = min(start, count - 1)
    plan = torch.arange(count * batch_size).view(count, -1)
    return least_seconds(lambda: [*task.steps(plan, start, 0)], device) / (count - start)


def least_seconds(function: Callable, device: torch.device, repeats: int = 3) -> float:
    """Return the least seconds of `repeats` calls after a first one, with one thread, as in trainings side by side."""
    seconds, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(1 + repeats):
        begin = time.perf_counter()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    torch.set_num_threads(threads)
    return min(seconds[1:])
