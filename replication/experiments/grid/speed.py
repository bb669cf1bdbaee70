"""How long a few updates of a task take now, as a forecast of all of them."""

import time
from collections.abc import Callable

import torch

from replication.training.loop import Task


def seconds_of_updates(task: Task, batch_size: int, count: int, device: torch.device) -> float:
    """Return the least seconds of one update over three blocks of `count`. The first block, not counted, may compile.

    The task's network learns from it, so the task must not be used for anything else.
    """
    count = min(count, task.num_samples // batch_size)
    plan = torch.arange(count * batch_size).view(count, -1)
    return least_seconds(lambda: [*task.steps(plan, 0, 0)], device) / count


def least_seconds(function: Callable, device: torch.device) -> float:
    """Return the least seconds of three calls after a first one, with one thread, as in trainings side by side."""
    seconds, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(4):
        begin = time.perf_counter()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    torch.set_num_threads(threads)
    return min(seconds[1:])
