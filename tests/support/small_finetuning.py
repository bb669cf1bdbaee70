"""A fine-tuning run of seconds on digits with captions, and a process that runs it and may be killed on the way."""

import os
import signal
from pathlib import Path

import torch

from replication.clip.head_tuning import make_task
from replication.clip.selecting import make_clip_selector
from replication.clip.settings import Settings
from replication.datasets.pairs import load_pairs
from replication.training.loop import Trainer


def small_settings(**changes):
    values = {"source": "digits", "method": "SwapSearch", "model": "digits-tiny", "size": 16, "images": 80, "batch_size": 16}
    return Settings(**values | {"epochs": 2, "warmup_epochs": 1, "k": 2} | changes)


def small_task(processes=None, **changes):
    settings = small_settings(**changes)
    return make_task(settings, load_pairs("digits", "train", settings.size), processes=processes)


def small_trainer(folder, task, kind=Trainer, **options):
    options = {"checkpoint_minutes": 0, "check_every": 1} | options
    return kind(task, make_clip_selector(task), task.settings.epochs, task.settings.seed, Path(folder), **options)


def run_until_killed(folder, objective, kill_at):
    """Run it, and kill the own process before update number `kill_at`; 0: never."""
    torch.set_num_threads(1)
    task = small_task(objective=objective)
    update, done = task._update, [0]

    def deadly(*arguments):
        done[0] += 1
        if done[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return update(*arguments)

    task._update = deadly
    small_trainer(folder, task).run()
