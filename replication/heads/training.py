"""Many trainings of heads side by side: groups of them as one batched program each, groups on all cores.

At B = 32, d1 = 1280, d2 = 384, hidden 512, out 256 an update of one training is 160 million operations in matrix products, and
31 MB of memory that AdamW moves. `python -m replication.heads.benchmark` says how long that takes here.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import torch

from replication.features import PairFeatures
from replication.heads.group import Group
from replication.heads.results import TrainedHeads
from replication.heads.settings import HeadSettings, Training
from replication.machine import cores
from replication.selection.kernels.parallel import map_chunks
from replication.selection.registry import make_selector
from replication.torch_settings import plain_tensors
from replication.validation import check_count

PROTOCOL = 1  # to be raised whenever the same trainings shall give other numbers, so that those on the disk are not used

# Trainings in a group on a CPU: more share Python's time, but their weights must stay in the caches.
LEAST_GROUP, MOST_GROUP, WEIGHTS_OF_A_GROUP = 4, 16, 3_200_000


def train_heads(
    train: PairFeatures,
    val: PairFeatures,
    test: PairFeatures,
    settings: HeadSettings,
    trainings: list[Training],
    *,
    workers: int | None = None,
    group_size: int | None = None,
    device: str = "cpu",
    on_epoch: Callable[[Training, dict], None] | None = None,
) -> list[TrainedHeads]:
    """Train and return the results in the order of `trainings`. They are independent: none changes another's numbers.

    All run their full number of epochs; "early stopping" keeps, of each, the heads of the epoch that was best on `val`.

    Args:
        train, val, test: features of the same kind.
        settings: what all share.
        trainings: one or more, no two alike.
        workers: threads, each with a group of trainings at a time; None: all cores (1 on a GPU).
        group_size: trainings in a group at most; None: what suits the device. Those of one group have one learning rate.
        device: where heads and features live.
        on_epoch: called, by any thread, with a training and what its curve says of an epoch.

    Raises:
        TypeError, ValueError: what does not fit, in one line and before any work.
        TrainingDiverged: a loss became NaN or infinite.
    """
    _check(train, val, test, settings, trainings)
    gpu = torch.device(device).type != "cpu"
    workers = cores() if workers is None else check_count("workers", workers, 1)
    workers = 1 if gpu else workers
    weights = weights_of(settings, train.left.shape[-1], train.right.shape[-1])
    size = len(trainings) if gpu else cpu_group(len(trainings), workers, weights)
    groups = make_groups(trainings, size if group_size is None else check_count("group_size", group_size, 1))
    data = [_moved(part, device) for part in (train, val, test)]

    @plain_tensors()
    def trained(group: list[Training]) -> list[TrainedHeads]:
        """Return the results of one group."""
        return Group(*data, settings, group, device, on_epoch).run()

    done = map_chunks(trained, groups, workers)
    by_training = {result.training: result for results in done for result in results}
    return [by_training[training] for training in trainings]


def weights_of(settings: HeadSettings, left: int, right: int) -> int:
    """Return the number of weights in the matrices of both heads; `left`, `right`: dimensions of the features."""
    if settings.kind == "linear":
        return (left + right) * settings.out
    return (left + right + 2 * settings.out) * settings.hidden


def cpu_group(trainings: int, workers: int, weights: int) -> int:
    """Return how many trainings of so many weights a group holds, so that all workers have as many groups to train."""
    most = min(MOST_GROUP, max(LEAST_GROUP, WEIGHTS_OF_A_GROUP // weights))
    rounds = math.ceil(trainings / (workers * most))
    return math.ceil(trainings / (workers * rounds))


def make_groups(trainings: list[Training], size: int) -> list[list[Training]]:
    """Return groups of at most `size` trainings of one learning rate, as even as can be."""
    groups = []
    for lr in dict.fromkeys(training.lr for training in trainings):
        alike = [training for training in trainings if training.lr == lr]
        count = math.ceil(len(alike) / size)
        groups += [alike[place::count] for place in range(count)]
    return groups


def _check(train: PairFeatures, val: PairFeatures, test: PairFeatures, settings: HeadSettings, trainings: list) -> None:
    if not trainings or not all(isinstance(training, Training) for training in trainings):
        raise ValueError(f"trainings={trainings!r} must be a list of one or more Training")
    if len(set(trainings)) < len(trainings):
        raise ValueError("trainings must not hold one twice: " + str(next(t for t in trainings if trainings.count(t) > 1)))
    if settings.batch_size > len(train):
        raise ValueError(f"batch_size={settings.batch_size} must be <= {len(train)}, the items of {train.name} to train on")
    for part in (val, test):
        for side, mine, needed in (("left", part.left, train.left), ("right", part.right, train.right)):
            if mine.shape[-1] != needed.shape[-1]:
                raise ValueError(
                    f"{side} of {part.name} {part.split} has d={mine.shape[-1]}; training has d={needed.shape[-1]}"
                )
    for method in dict.fromkeys(training.method for training in trainings):
        make_selector(method, len(train), settings.batch_size, 1.0, settings.k, settings.candidates)


def _moved(features: PairFeatures, device: str) -> PairFeatures:
    """Return features whose large tensors lie on a device; counts and groups stay on the CPU, where plans are made."""
    return replace(features, left=features.left.to(device), right=features.right.to(device))
