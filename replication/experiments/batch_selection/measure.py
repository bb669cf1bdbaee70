"""Measure the plans of selectors: loss of every batch, share of same-class pairs, seconds."""

import copy
import logging

import pandas as pd
import torch

from replication.evaluation.interval import student_interval
from replication.evaluation.shares import same_class_share
from replication.experiments.batch_selection.inputs import Embedded
from replication.losses import batch_losses
from replication.machine import with_peak_memory
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED
from replication.selection import BatchSelector


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
        # The first call of anything loads libraries and compiled code. A copy makes it, so that what a selector tells its
        # user once, about this shorter input, is told to nobody.
        logging.disable(logging.WARNING)
        copy.deepcopy(selector).select(u[:1280], v[:1280], torch.Generator().manual_seed(0))
        logging.disable(logging.NOTSET)
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


def paired_difference(plans: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return, for each input, by how much the mean batch loss (nats) of `first` exceeds that of `second`.

    Columns: input, n, the two means, difference, low and high: Student's 95 % interval, paired over the plans. It covers the
    selectors' randomness on these embeddings, not other embeddings. NaN with a single plan.
    """
    rows = []
    for name, group in plans.groupby("input", sort=False):
        means = group.pivot(index="seed", columns="selector", values="mean")
        difference = means[first] - means[second]
        low, high = student_interval(difference)
        rows.append(
            {"input": name, "n": len(difference), "first": means[first].mean(), "second": means[second].mean()}
            | {"difference": difference.mean(), "low": low, "high": high}
        )
    return pd.DataFrame(rows)


def verdict_on_hardness(plans: pd.DataFrame, first: str, second: str) -> tuple[str, str]:
    """Return the verdict and the evidence on "the batches of `first` have a larger mean loss than those of `second`".

    An input counts as harder if its 95 % interval lies above zero. HOLDS if all do, CAVEAT if more than half do and none
    lies below zero, else FAILS; UNTESTED with a single plan.
    """
    table = paired_difference(plans, first, second)
    parts = [
        f"{row.input} {row.first:.3g} against {row.second:.3g} ({row.difference:+.2g} [{row.low:.2g}, {row.high:.2g}])"
        for row in table.itertuples()
    ]
    evidence = f"mean in-batch loss in nats, {first} against {second}: {'; '.join(parts)}"
    evidence += f"; paired 95 % intervals over n={int(table.n.min())} plans of one set of embeddings each"
    if table.n.min() < 2:
        return UNTESTED, evidence
    above = table.low > 0
    if above.all():
        return HOLDS, evidence
    return (CAVEAT if above.mean() > 0.5 and not (table.high < 0).any() else FAILS), evidence


def hardness_in_words(hardness: pd.DataFrame, baseline: str, name: str) -> str:
    """Return one sentence (Markdown) on the table of `summarise_plans`: the hardest selector, and what its batches hold.

    Args:
        hardness: as `summarise_plans` returns it.
        baseline: as it was made with.
        name: of the input that the sentence is about.
    """
    rows = hardness[hardness.input == name].set_index("selector")
    hardest, base = rows.loc[rows["mean loss"].idxmax()], rows.loc[baseline]
    count = f"n={hardest.n} plans"
    return (
        f"**On {name} the batches of {hardest.name} are the hardest: {_nats(hardest)} ({count}) against {_nats(base)} of "
        f"{baseline}; {100 * hardest['same-class pairs']:.0f} % of their pairs are of one class, against "
        f"{100 * base['same-class pairs']:.0f} %.**"
    )


def _nats(row: pd.Series) -> str:
    return f"{row['mean loss']:.3g} ± {row['sd over seeds']:.2g} nats"
