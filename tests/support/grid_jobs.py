"""Functions that other processes can import."""

import os
import signal
import sys
import time
from pathlib import Path

import torch

from replication.experiments.grid.side_by_side import run_grid


def square(number, on_epoch):
    on_epoch(0)
    on_epoch(2)
    return number**2, torch.get_num_threads()


def fail_or_wait(number, on_epoch):
    if number == 0:
        raise ValueError("job 0 broke")
    for epoch in range(1000):  # a minute, unless it is stopped
        time.sleep(0.06)
        on_epoch(epoch)


def die_once(place, number, on_epoch):
    """Count three epochs in a file, its checkpoint; job 1 is killed after its second, the first time."""
    checkpoint = Path(place) / f"{number}.txt"
    done = int(checkpoint.read_text(encoding="utf-8")) if checkpoint.exists() else 0
    on_epoch(done)
    for epoch in range(done, 3):
        checkpoint.write_text(str(epoch + 1), encoding="utf-8")
        if number == 1 and epoch == 1 and done == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        on_epoch(epoch + 1)
    return number, done


def say_who_and_wait(path, on_epoch):
    Path(path).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(600)


if __name__ == "__main__":
    run_grid(say_who_and_wait, [(path,) for path in sys.argv[1:]], epochs=1, workers=2)
