"""What a grid of trainings will cost, before it begins: operations counted, hours projected from a few steps.

`python -m replication.experiments.cifar.forecast gpu` prints it for a profile of the notebook 05_cifar on this machine.
"""

import argparse
import gc
import math
import sys

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from replication.datasets import load_image_set
from replication.experiments.cifar.pretraining import BLOCK, FEATURE_BATCH, Pretraining
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.side_by_side import cores
from replication.experiments.grid.speed import least_seconds, seconds_of_updates
from replication.losses import SnapshotNTXent
from replication.machine import device_or_best
from replication.selection import BatchSelector, JointExamples, OrderedSGD
from replication.selection.registry import make_selector
from replication.validation import check_count

PETA = 1e15


def forecast(
    common: dict, methods: list[str], objectives: list[str], seeds: int, workers: int = 0, device: str = ""
) -> pd.DataFrame:
    """Return what the trainings of each method take, and all of them; evaluation and choosing batches are not counted.

    Args:
        common: settings that all runs share; see `Settings`.
        methods, objectives, seeds, workers, device: as in `run_experiment`.

    Returns:
        A row for each method and one for all: the number of trainings, the floating-point operations (1e15) of their updates
        and of their feature passes, the hours one after the other by the speed of a few updates with each objective and of
        one block of features now, and, at best, with `workers` side by side.

    Raises:
        ValueError, TypeError, FileNotFoundError: as `run_experiment`.
    """
    check_count("seeds", seeds, 1)
    device = device_or_best(device)
    train = load_image_set(common["dataset"], "train")
    trainings = len(objectives) * seeds
    workers = min(workers or (4 if device == "cuda" else cores()), trainings * len(methods))
    update, snapshots, renewals = 0.0, [], 0.0  # seconds, means over the objectives
    for objective in objectives:
        task = Pretraining(Settings(method="SGD", objective=objective, **common), train, device)
        snapshots.append(isinstance(task.objective, SnapshotNTXent))
        renewals += seconds_of_a_snapshot(task) / len(objectives) if snapshots[-1] else 0.0
        update += seconds_of_an_update(task) / len(objectives)
    s, view = task.settings, seconds_of_a_view(task)
    epochs = s.epochs + s.extra_epoch
    updates = trainings * epochs * task.steps_per_epoch
    rows = []
    for method in methods:
        selector = make_selector(method, task.num_samples, s.batch_size, s.temperature, s.k, s.candidates)
        passes = sum(max(_passes(selector, task), snapshot) for snapshot in snapshots)  # of an epoch, all objectives
        views = 2 * task.num_samples * epochs * seeds * passes
        work = {"PFLOP of updates": updates * flops_of_an_update(task) / PETA}
        work |= {"PFLOP of features": views * flops_of_a_view(task) / PETA}
        seconds = updates * update + views * view + trainings * epochs * renewals
        rows.append({"selector": method, "trainings": trainings} | work | {"hours": seconds / 3600})
    table = pd.DataFrame(rows)
    table.loc[len(table)] = ["all", *table.drop(columns="selector").sum()]
    table[f"hours, {workers} side by side"] = table.hours / workers
    del task
    gc.collect()
    torch.cuda.empty_cache()  # does nothing without a GPU; the trainings are processes of their own
    return table.astype({"trainings": int})


def _passes(selector: BatchSelector, task: Pretraining) -> int:
    """Return the feature passes of an epoch. With `refresh_features` each plan that covers a part of the data takes one."""
    if not selector.uses_embeddings:
        return 0
    batches = task.steps_per_epoch
    if task.settings.refresh_features and isinstance(selector, OrderedSGD):
        batches = max(1, selector.k.within(task.steps_per_epoch) // 10)
    elif task.settings.refresh_features and isinstance(selector, JointExamples):
        batches = task.num_samples // selector.super_batch(task.num_samples)
    return math.ceil(task.steps_per_epoch / batches)


def flops_of_an_update(task: Pretraining) -> int:
    """Return the floating-point operations of both passes of the 2B views of a batch; loss and optimiser are not counted."""
    views = torch.zeros(2 * task.settings.batch_size, 3, task.settings.size, task.settings.size, device=task.device)
    with FlopCounterMode(display=False) as counter, task.autocast():
        task.network(views).sum().backward()
    task.optimizer.zero_grad(set_to_none=True)
    return counter.get_total_flops()


@torch.no_grad()
def flops_of_a_view(task: Pretraining) -> int:
    """Return the floating-point operations of one view in the feature pass."""
    task.network.eval()
    with FlopCounterMode(display=False) as counter, task.autocast():
        task.network(torch.zeros(1, 3, task.settings.size, task.settings.size, device=task.device))
    task.network.train()
    return counter.get_total_flops()


def seconds_of_an_update(task: Pretraining) -> float:
    """Return the least seconds of one update over three blocks of them. The first, not counted, may compile."""
    snapshot = isinstance(task.objective, SnapshotNTXent)  # is renewed with the first update of an epoch, at its own cost
    return seconds_of_updates(task, task.settings.batch_size, BLOCK, task.device, start=int(snapshot))


def seconds_of_a_snapshot(task: Pretraining) -> float:
    """Return the seconds in which the snapshot of all embeddings is renewed once, with one thread."""
    batches = torch.arange(task.steps_per_epoch * task.settings.batch_size, device=task.device)
    plan, (u, v) = batches.view(task.steps_per_epoch, -1), task.embed(0, 0)
    return least_seconds(lambda: task.objective.renew(u, v, plan), task.device, repeats=1)


@torch.no_grad()
def seconds_of_a_view(task: Pretraining) -> float:
    """Return the least seconds that the feature pass takes for one view, over three passes of one block."""
    block = task.images[:FEATURE_BATCH]
    task.network.eval()
    seconds = least_seconds(lambda: task.two_views(block, "forecast"), task.device)
    task.network.train()
    return seconds / (2 * len(block))


def main(arguments: list[str] | None = None) -> int:
    """Print the forecast of one profile; return the exit code: 0 done, 2 wrong usage or no data."""
    from replication.reporting.notebooks import UsageError, resolve  # nbformat and all checks, which trainings do not need

    parser = argparse.ArgumentParser(prog="python -m replication.experiments.cifar.forecast", description=__doc__)
    parser.add_argument("profile", help="a profile of 05_cifar, such as gpu")
    try:
        _, parameters = resolve("cifar", parser.parse_args(arguments).profile)
        methods, objectives, seeds, workers = (parameters[name] for name in ("methods", "objectives", "seeds", "workers"))
        table = forecast(Settings.common(parameters), methods, objectives, seeds, workers)
    except (UsageError, ValueError, TypeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table.to_string(index=False, float_format="{:.4g}".format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
