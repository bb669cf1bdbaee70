"""A pre-training run of seconds on digits, and a process that runs it and may be killed on the way."""

import os
import signal
from pathlib import Path

import torch

from replication.datasets import load_image_set
from replication.experiments.cifar.pretraining import Pretraining
from replication.experiments.cifar.settings import Settings
from replication.selection.registry import make_selector
from replication.training import checkpoint
from replication.training.loop import Trainer


def small_settings(**changes):
    values = {"dataset": "digits", "method": "SwapSearch", "network": "narrow", "images": 80, "batch_size": 16}
    return Settings(**values | {"epochs": 2, "warmup_epochs": 1, "k": 2, "size": 16} | changes)


def small_task(**changes):
    return Pretraining(small_settings(**changes), load_image_set("digits", "train"))


def small_trainer(folder, task, **options):
    s = task.settings
    selector = make_selector(s.method, task.num_samples, s.batch_size, s.temperature, s.k)
    options = {"checkpoint_minutes": 0, "check_every": 1} | options
    return Trainer(task, selector, s.epochs + s.extra_epoch, s.seed, Path(folder), **options)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def run_until_killed(folder, objective, where, count):
    """Run it, and kill the own process at the `count`-th "update", or while "writing"; 0: never."""
    torch.set_num_threads(1)
    task = small_task(objective=objective)
    trainer = small_trainer(folder, task)
    if where == "update":  # between two updates
        update, done = task._update, [0]

        def deadly(*arguments):
            done[0] += 1
            if done[0] == count:
                kill()
            return update(*arguments)

        task._update = deadly
    if where == "writing":  # with half a checkpoint on the disk
        save, written = torch.save, [0]

        def deadly(state, file):
            written[0] += 1
            save(state, file)
            if written[0] == count:
                file.seek(1000)
                file.truncate()
                kill()

        checkpoint.torch.save = deadly
    trainer.run()
