"""Features of a few pairs whose two sides share something to learn, and settings of trainings of milliseconds."""

import torch

from replication.features import PairFeatures
from replication.heads import HeadSettings


def small_features(split="train", items=40, views=2, dimensions=(6, 5), seed=0):
    """Items with one to three captions each, of four groups; views and captions are noisy maps of one hidden point."""
    generator = torch.Generator().manual_seed(1000 * seed + {"train": 0, "val": 1, "test": 2}[split])
    maps = torch.Generator().manual_seed(seed)
    hidden = torch.randn(items, 4, generator=generator)
    counts = torch.arange(items) % 3 + 1
    left, right = (torch.randn(4, d, generator=maps) for d in dimensions)

    def noisy(x):
        return x + 0.1 * torch.randn(x.shape, generator=generator)

    sides = noisy((hidden @ left).expand(views, -1, -1)), noisy((hidden @ right).repeat_interleave(counts, dim=0))
    return PairFeatures("small", split, *sides, counts, torch.arange(items) % 4)


def small_splits(**options):
    return small_features("train", **options), small_features("val", 20, **options), small_features("test", 24, **options)


def small_settings(**changes):
    values = {"hidden": 7, "out": 4, "batch_size": 8, "epochs": 3, "warmup_epochs": 1, "k": 2}
    return HeadSettings(**values | changes)
