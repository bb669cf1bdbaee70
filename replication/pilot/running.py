"""The pilot: features in, trainings within a budget of minutes, a report out."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from replication.features import PairFeatures, centre_and_scale, read_npz
from replication.heads import HeadSettings, Training, best_rates, train_heads
from replication.pilot.arrays import features_of_arrays
from replication.pilot.budget import RATES, fit, with_epochs
from replication.pilot.judging import Report, judge
from replication.selection.registry import check_methods, make_selector
from replication.validation import check_distinct, check_positive

TUNING_SEED, FIRST_SEED = 0, 1  # the rate is chosen with a seed that is not compared
LEAST_TEST = 20  # pairs to test on
LONG = 10.0  # seconds beside which what happens once does not matter


def pilot(
    u,
    v=None,
    *,
    group=None,
    split=None,
    batch_size: int = 32,
    minutes: float = 5.0,
    margin: float = 1.0,
    methods: tuple[str, ...] | list[str] = (),
    settings: HeadSettings | None = None,
    workers: int | None = None,
) -> Report:
    """Train heads on frozen features with shuffled and with chosen batches, and say whether choosing helps.

    Args:
        u: features of the left side, [N, d1] or [views, N, d1], an array or tensor; or the path of a .npz file that holds
            everything, see `replication.features.npz`.
        v: features of the right side, [N, d2] or [N, captions, d2].
        group: [N] integers or None: items of one group are likely false negatives of each other.
        split: [N] texts "train", "val" or "test", or None: a tenth each is drawn for val and test.
        batch_size: B.
        minutes: what it may take; it decides the numbers of methods, seeds and epochs. There is a least: three methods of
            three seeds and epochs. Where that takes longer, a line on stderr says so.
        margin: percentage points of R@10 below which a difference does not matter.
        methods: lines that `replication.selection.registry` reads, "SGD" among them; by default `budget.METHODS`.
        settings: of the heads; their batch size is set to `batch_size`, their epochs are the most there will be.
        workers: threads; None: all cores.

    Raises:
        FileNotFoundError, TypeError, ValueError: in one line, what cannot work, before any training.
    """
    begin = time.perf_counter()
    check_positive("minutes", minutes)
    check_positive("margin", margin)
    settings = replace(settings or HeadSettings(), batch_size=batch_size)
    chosen = ()
    if methods:
        check_distinct("methods", list(methods), needed="SGD")
        names = check_methods(list(methods))
        chosen = ("SGD", *(name for name in names if name != "SGD"))
        if len(chosen) == 1:
            raise ValueError(f"methods={list(methods)!r} must hold another way to choose batches beside 'SGD'")
    train, val, test = _splits(u, v, group, split, batch_size)
    for method in chosen:
        _try(method, len(train), settings)
    seconds = _seconds_per_epoch(train, val, test, settings, workers)
    left = max(0.0, minutes - (time.perf_counter() - begin) / 60)
    plan = fit(seconds, left, settings, *([chosen] if chosen else []))
    if plan.seconds > 60 * left:
        words = f"{len(plan.methods)} methods, {plan.seeds} seeds, {plan.epochs} epochs"
        print(f"the least ({words}) takes about {plan.seconds / 60:.1f} minutes; {minutes:g} were given", file=sys.stderr)
    settings = with_epochs(settings, plan.epochs)
    tried = [Training("SGD", TUNING_SEED, rate) for rate in RATES]
    rate = best_rates(train_heads(train, val, test, settings, tried, workers=workers), settings.stop_by)["SGD"]
    trainings = [Training(method, FIRST_SEED + number, rate) for number in range(plan.seeds) for method in plan.methods]
    results = train_heads(train, val, test, settings, trainings, workers=workers)
    return judge(results, train, test, settings, margin, rate, time.perf_counter() - begin)


def _splits(u, v, group, split, batch_size: int) -> tuple[PairFeatures, PairFeatures, PairFeatures]:
    """Return train, val and test, centred and scaled."""
    if isinstance(u, str | Path):
        for name, value in (("v", v), ("group", group), ("split", split)):
            if value is not None:
                raise TypeError(f"{name} must be None where u={str(u)!r} is a file: the file holds it")
        found = read_npz(u, batch_size)
    else:
        found = features_of_arrays(u, v, group, split, batch_size)
    train, val, test = centre_and_scale(*found.values())
    if len(test) < LEAST_TEST:
        where = f"{len(test)} of {len(train) + len(val) + len(test)} pairs are to test on"
        raise ValueError(f"{where}; a pilot needs >= {LEAST_TEST}, as R@10 of fewer says nothing")
    return train, val, test


def _try(method: str, pairs: int, settings: HeadSettings) -> None:
    """Raise what a method finds wrong with so many pairs, by one plan of random embeddings, before any training."""
    temperature = settings.temperature or settings.start_temperature
    selector = make_selector(method, pairs, settings.batch_size, temperature, settings.k, settings.candidates)
    generator = torch.Generator().manual_seed(0)
    try:
        selector.select(torch.randn(pairs, 8, generator=generator), None, generator)
    except (TypeError, ValueError) as error:
        raise ValueError(f"methods: {method!r} cannot plan these {pairs:,} pairs: {error}") from None


def _seconds_per_epoch(train, val, test, settings: HeadSettings, workers: int | None) -> float:
    """Return the seconds of an epoch of one training, with all cores at work: measured in one epoch of four trainings."""
    short = with_epochs(settings, 1)
    trainings = [Training(method, seed, RATES[0]) for seed in (10_000, 10_001) for method in ("SGD", "SwapSearch, k 40")]
    for _ in range(2):  # what happens once in a process, such as compiling, must not count
        begin = time.perf_counter()
        train_heads(train, val, test, short, trainings, workers=workers)
        seconds = time.perf_counter() - begin
        if seconds > LONG:
            break
    return seconds / len(trainings)
