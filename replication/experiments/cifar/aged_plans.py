"""How plans age: what is left of their hardness while the network trains on."""

from itertools import islice

import pandas as pd
import torch
from torch import LongTensor, Tensor

from replication.datasets import load_image_set
from replication.experiments.cifar.pretraining import Pretraining
from replication.experiments.cifar.settings import Settings
from replication.losses import batch_losses
from replication.machine import device_or_best
from replication.reporting.run import Run
from replication.seeding import derived_seed
from replication.selection import ShuffledBatches
from replication.selection.registry import make_selector

AGES = (0.0, 0.25, 0.5, 1.0)  # in epochs


def aged_plans(common: dict, methods: list[str], seeds: range, after: int, device: str = "") -> pd.DataFrame:
    """Return, for plans made after some epochs of shuffled training, their hardness as the training goes on, shuffled.

    Hardness is the mean loss of the batches (nats, eq. (1)), under other random views than those of the plan, as in training.

    Args:
        common: the settings of the trainings; see `Settings.common`.
        methods: ways to choose batches.
        seeds: of the trainings.
        after: epochs before the plans are made; the training goes on for one more.
        device: "": a GPU if there is one.

    Returns:
        A row for each method, seed and age in epochs: the loss of the aged plan, of a plan made then, and of a shuffled one.
    """
    rows = []
    for seed in seeds:
        settings = Settings(method="SGD", objective="simclr", seed=seed, **common)
        task = Pretraining(settings, load_image_set(settings.dataset, "train"), device_or_best(device))
        for epoch in range(after):
            list(task.steps(shuffled(task, epoch), 0, epoch))
        plan, done, aged = shuffled(task, after), 0, {}
        for number, age in enumerate(AGES):
            wanted = round(age * task.steps_per_epoch)
            list(islice(task.steps(plan, done, after), wanted - done))
            done = wanted
            features, views = (tuple(x.cpu() for x in task.embed(after, 2 * number + way)) for way in range(2))
            for method in methods:
                fresh = chosen(method, task, features)
                aged.setdefault(method, fresh)
                plans = {"aged plan": aged[method], "new plan": fresh, "shuffled": shuffled(task, after + 1)}
                losses = {
                    name: batch_losses(*views, batches, settings.temperature, normalize=True).double().mean().item()
                    for name, batches in plans.items()
                }
                rows.append({"selector": method, "seed": seed, "age (epochs)": age} | losses)
    return pd.DataFrame(rows)


def shuffled(task: Pretraining, epoch: int) -> LongTensor:
    """Return the shuffled plan [floor(N/B), B] of an epoch."""
    generator = torch.Generator().manual_seed(derived_seed(task.settings.seed, "aging", epoch))
    return ShuffledBatches(task.settings.batch_size).plan(task.num_samples, generator)


def chosen(method: str, task: Pretraining, features: tuple[Tensor, Tensor]) -> LongTensor:
    """Return the batches that a method chooses by features; the same draws at every age."""
    s = task.settings
    selector = make_selector(method, task.num_samples, s.batch_size, s.temperature, s.k, s.candidates)
    return selector.select(*features, torch.Generator().manual_seed(derived_seed(s.seed, "aging plan")))


def share_left(plans: pd.DataFrame) -> pd.DataFrame:
    """Return for each method and age the gains over shuffled batches (nats, mean and sd over n seeds), and the share left.

    The share is the mean gain of the aged plan over that of a new one. It tells nothing where the latter is within its sd of 0.
    """
    gains = plans.assign(**{f"gain, {plan}": plans[plan] - plans["shuffled"] for plan in ("aged plan", "new plan")})
    columns = {"n": ("seed", "count")}
    for plan in ("aged plan", "new plan"):
        columns |= {f"gain, {plan}": (f"gain, {plan}", "mean"), f"gain, {plan}, sd": (f"gain, {plan}", "std")}
    table = gains.groupby(["selector", "age (epochs)"], sort=False).agg(**columns).reset_index()
    return table.assign(**{"share of the gain left": table["gain, aged plan"] / table["gain, new plan"]})


def write_tables(run: Run, common: dict, methods: list[str], seeds: range, after: int, setting: str) -> pd.DataFrame:
    """Write the tables "aged_plans" (a row for each seed) and "aged" into a run, and return the latter; see `aged_plans`."""
    plans = aged_plans(common, methods, seeds, after)
    run.table("aged_plans", plans, "Mean loss of batches (nats)", per_seed=["selector", "age (epochs)"])
    caption = f"{setting}: plans made after {after} epochs, as shuffled training goes on; nats, n seeds"
    return run.table("aged", share_left(plans), caption, made_from="aged_plans")
