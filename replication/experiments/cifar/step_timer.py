"""First losses and speed of one variant of the update, in the process that calls."""

import math
import time
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import torch

from replication.datasets import load_image_set
from replication.experiments.cifar.forecast import flops_of_an_update
from replication.experiments.cifar.pretraining import BLOCK, Pretraining
from replication.experiments.cifar.settings import Settings

LOSSES = 10  # updates whose losses are compared
# Share of the highest learning rate, for the comparison. At the full rate ten updates blow a rounding up to some per cent of
# the loss; at this one it stays below 0.1 per mille, while a wrong step changes the loss by some per mille.
RATE = 0.003
CUDA_BLOCKS = 3  # blocks of updates between two looks at the losses, about as many as in a training

load_once = cache(load_image_set)


class Beginning(NamedTuple):
    """The first losses of a training, and the Euclidean distance that all its weights have moved after them."""

    losses: list[float]
    distance: float


class StepTimer:
    """A training for each objective, with one variant of the update.

    Args:
        trainings: their settings; the first one is timed.
        device: "cpu" or "cuda".
    """

    def __init__(self, trainings: list[Settings], device: str):
        self.trainings, self.device = trainings, device
        self.task: Pretraining | None = None

    def flops(self) -> int:
        """Return the floating-point operations of an update; see `flops_of_an_update`."""
        return flops_of_an_update(self._task(self.trainings[0], "eager"))

    def prepare(self, variant: str) -> dict[str, Beginning]:
        """Return how a training with each objective begins, and keep the first training, compiled or captured.

        The learning rate is a small share of the highest. Batches come twice, so that the state which an objective keeps for
        each sample counts.
        """
        self.task = None
        if self.device == "cuda":  # room for the next, on the device and among what torch.compile keeps
            torch.compiler.reset()
            torch.cuda.empty_cache()
        found = {}
        for settings in reversed(self.trainings):
            self.task = self._task(replace(settings, lr=RATE * settings.lr), variant)
            parameters = list(self.task.network.parameters())
            before = [parameter.detach().clone() for parameter in parameters]
            half = min(math.ceil(LOSSES / 2), self.task.steps_per_epoch)
            losses = self._losses(_first_batches(settings, half).repeat(2, 1)[:LOSSES])
            moved = [(now.detach() - then).norm() for now, then in zip(parameters, before, strict=True)]
            found[settings.objective] = Beginning(losses, torch.stack(moved).norm().item())
        return found

    def speed(self, seconds: float) -> tuple[int, float]:
        """Return how many updates were made, and the seconds that they took: at least `seconds`. Views are part of it."""
        settings, blocks = self.task.settings, CUDA_BLOCKS if self.device == "cuda" else 1
        plan = _first_batches(settings, min(blocks * BLOCK, self.task.steps_per_epoch))
        updates, begin = 0, time.perf_counter()
        while not updates or time.perf_counter() - begin < seconds:
            self._losses(plan)  # reading them waits for the device
            updates += len(plan)
        return updates, time.perf_counter() - begin

    def _task(self, settings: Settings, variant: str) -> Pretraining:
        return Pretraining(settings, load_once(settings.dataset, "train"), self.device, variant=variant)

    def _losses(self, plan: torch.LongTensor) -> list[float]:
        settings = self.task.settings
        peak = min(math.ceil(settings.warmup_epochs), settings.epochs - 1)  # the epoch in which the warm-up has just ended
        return torch.stack(list(self.task.steps(plan, 0, peak))).tolist()


def _first_batches(settings: Settings, count: int) -> torch.LongTensor:
    return torch.arange(count * settings.batch_size).view(count, -1)
