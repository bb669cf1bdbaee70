"""Measure the plans of selectors: loss of every batch, share of same-class pairs, seconds."""

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import LongTensor, Tensor

from replication.hardness.cost import with_peak_memory
from replication.hardness.inputs import Embedded
from replication.losses import batch_losses
from replication.results import CAVEAT, FAILS, HOLDS
from replication.selection import BatchSelector


def same_class_share(plan: LongTensor, labels: Tensor) -> float:
    """Return the share of pairs inside the batches of a plan [M, B] whose labels [N] are equal: likely false negatives."""
    mine = labels[plan]
    equal = (mine.unsqueeze(1) == mine.unsqueeze(2)).sum(dim=(1, 2)) - plan.shape[1]
    return float(equal.sum() / (plan.numel() * (plan.shape[1] - 1)))


def measure(
    selectors: dict[str, BatchSelector], data: Embedded, temperature: float, seeds: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let every selector plan once for each seed, and return what its batches are like.

    Args:
        selectors: by the name that tables and figures show.
        data: the embeddings and classes of N samples.
        temperature: of the measured loss.
        seeds: number of plans for each selector; seed s is shared by all, so differences can be paired.

    Returns:
        (losses, plans): `losses` has a row for each batch (input, selector, seed, loss in nats); `plans` one for each plan,
        with its number of batches, mean, sd, min and max of their losses, share of same-class pairs, seconds, and peak memory
        in MiB.
    """
    losses, plans = [], []
    u, v = data.u, data.v
    for name, selector in selectors.items():
        if len(u) <= 5000:  # the first call of anything loads libraries, which only counts beside a short time
            selector.select(u, v, torch.Generator().manual_seed(0))
        for seed in range(seeds):
            generator = torch.Generator().manual_seed(seed)
            plan, seconds, memory = with_peak_memory(
                lambda selector=selector, generator=generator: selector.select(u, v, generator)
            )
            values = batch_losses(u, v, plan, temperature).double().numpy()
            losses.append(pd.DataFrame({"input": data.name, "selector": name, "seed": seed, "loss": values}))
            plans.append(
                {"input": data.name, "N": len(u), "selector": name, "seed": seed, "batches": len(plan)}
                | {"mean": values.mean(), "sd": values.std()}
                | {"min": values.min(), "max": values.max(), "same class": same_class_share(plan, data.labels)}
                | {"seconds": seconds, "memory (MiB)": memory}
            )
    return pd.concat(losses, ignore_index=True), pd.DataFrame(plans)


def summarise_plans(plans: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return one row for each input and selector: mean batch loss ± sd over seeds, ratio to `baseline`, extremes, classes."""
    groups = plans.groupby(["input", "N", "selector"], sort=False)
    columns = {"batches": ("batches", "first"), "n": ("seed", "count"), "mean loss": ("mean", "mean")}
    columns |= {"sd over seeds": ("mean", "std"), "sd within a plan": ("sd", "mean"), "min loss": ("min", "min")}
    columns |= {"max loss": ("max", "max"), "same-class pairs": ("same class", "mean")}
    table = groups.agg(**columns).reset_index()
    reference = table[table.selector == baseline].set_index("input")["mean loss"]
    table.insert(6, f"ratio to {baseline}", table["mean loss"] / table.input.map(reference))
    return table


def summarise_cost(plans: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each input and selector: seconds for a plan (mean, sd, least) and peak memory in MiB."""
    columns = {"seconds": ("seconds", "mean"), "sd": ("seconds", "std"), "least": ("seconds", "min")}
    columns |= {"peak memory (MiB)": ("memory (MiB)", "max")}
    return plans.groupby(["input", "N", "selector"], sort=False).agg(**columns).reset_index()


def harder(plans: pd.DataFrame, first: str, second: str) -> tuple[str, str]:
    """Return the verdict and the evidence on "the batches of `first` have a larger mean loss than those of `second`".

    Student's 95 % interval of the difference, paired over the seeds: HOLDS above zero, FAILS below, CAVEAT if it holds zero.
    """
    means = plans.pivot(index="seed", columns="selector", values="mean")
    difference = means[first] - means[second]
    count = len(difference)
    half = stats.t.ppf(0.975, count - 1) * difference.std() / np.sqrt(count) if count > 1 else np.inf
    low, high = difference.mean() - half, difference.mean() + half
    evidence = f"mean in-batch loss {means[first].mean():.4g} against {means[second].mean():.4g} nats"
    evidence += f"; paired difference {difference.mean():.4g}, 95 % interval [{low:.4g}, {high:.4g}], n={count} plans"
    return (HOLDS if low > 0 else FAILS if high < 0 else CAVEAT), evidence
