"""How long an update of one training takes where many run at once: python -m replication.heads.benchmark

The sizes are those of Flickr8k with MobileNetV2 and MiniLM; features are random, and plans shuffled.
"""

import time

import torch

from replication.features import PairFeatures
from replication.heads.group import Group
from replication.heads.settings import HeadSettings, Training
from replication.heads.training import cpu_group, make_groups, weights_of
from replication.machine import cores
from replication.selection.kernels.parallel import map_chunks

DIMENSIONS = (1280, 384)  # of MobileNetV2 and MiniLM


def random_features(items: int, captions: int, dimensions: tuple[int, int] = DIMENSIONS) -> PairFeatures:
    """Return random features of `items` items with so many captions each."""
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(1, items, dimensions[0], generator=generator)
    right = torch.randn(items * captions, dimensions[1], generator=generator)
    return PairFeatures("random", "train", left, right, torch.full((items,), captions))


def milliseconds_per_update(
    trainings: int = 20,
    updates: int = 20,
    repeats: int = 5,
    batch_size: int = 32,
    group_size: int | None = None,
    workers: int | None = None,
) -> float:
    """Return the least wall time of an update divided by the trainings that make it at once, over some repeats.

    Args:
        trainings: at once, T.
        updates: of each training in a repeat.
        repeats: after one that does not count.
        batch_size: B.
        group_size, workers: as of `train_heads`.
    """
    workers = workers or cores()
    features = random_features(6000, 5)
    settings = HeadSettings(batch_size=batch_size)
    size = group_size or cpu_group(trainings, workers, weights_of(settings, *DIMENSIONS))
    groups = make_groups([Training("SGD", seed, 1e-3) for seed in range(trainings)], size)
    programs = [Group(features, features, features, settings, group) for group in groups]
    best = float("inf")
    for repeat in range(repeats + 1):
        plans = [_rows(len(features), updates, len(group), batch_size) for group in groups]
        begin = time.perf_counter()
        map_chunks(lambda both: both[0].steps(both[1], 5 * both[1]), list(zip(programs, plans, strict=True)), workers)
        if repeat:
            best = min(best, time.perf_counter() - begin)
    return 1000 * best / updates / trainings


def _rows(items: int, updates: int, trainings: int, batch_size: int) -> torch.LongTensor:
    """Return random items for each update and training, [updates, trainings, B]."""
    return torch.randint(items, (updates, trainings, batch_size))


if __name__ == "__main__":
    for workers in sorted({1, cores()}):
        took = milliseconds_per_update(workers=workers)
        print(f"{workers} cores: {took:.2f} ms per update and training (20 trainings, B = 32)")
