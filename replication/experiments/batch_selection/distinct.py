"""What it costs to keep samples of one class out of each other's batches: hardness and seconds, beside the free plan."""

import time

import pandas as pd
import torch

from replication.evaluation.shares import same_class_share
from replication.experiments.batch_selection.inputs import Embedded
from replication.losses import batch_losses
from replication.selection import BatchSelector, DistinctGroups

COLUMNS = ["input", "N", "selector", "seed", "free", "distinct", "same class, free"]


def distinct_plans(selectors: dict[str, BatchSelector], data: Embedded, temperature: float, seeds: int) -> pd.DataFrame:
    """Return one row for each selector and seed: the mean batch loss of its free plan, and of the plan without a class twice.

    Args:
        selectors: partitioning selectors by the name that tables show.
        data: embeddings and classes of N samples.
        temperature: of the measured loss.
        seeds: plans of each selector.

    Returns:
        Columns as `COLUMNS`, losses in nats, and seconds of both plans. No row where no such batches exist, as where the
        data have fewer classes than a batch has samples.
    """
    rows, u, v = [], data.u, data.v
    for name, selector in selectors.items():
        try:
            apart = DistinctGroups(selector, data.labels)
        except ValueError:  # no such batches exist
            continue
        for seed in range(seeds):
            found = {}
            for way, chosen in (("free", selector), ("distinct", apart)):
                generator = torch.Generator().manual_seed(seed)
                begin = time.perf_counter()
                found[way] = chosen.select(u, v, generator)
                found[f"seconds, {way}"] = time.perf_counter() - begin
            losses = {way: batch_losses(u, v, found[way], temperature).double().mean().item() for way in ("free", "distinct")}
            rows.append(
                {"input": data.name, "N": len(u), "selector": name, "seed": seed, **losses}
                | {"same class, free": same_class_share(found["free"], data.labels)}
                | {key: value for key, value in found.items() if key.startswith("seconds")}
            )
    return pd.DataFrame(rows, columns=[*COLUMNS, "seconds, free", "seconds, distinct"])


def summarise(plans: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return one row for each input and selector: mean losses ± sd over n plans, and the share of the gain that is kept.

    The gain is that of the free plan over the free one of `baseline` (shuffled batches); its share has no value for it.
    """
    groups = plans.groupby(["input", "N", "selector"], sort=False)
    columns = {"n": ("seed", "count"), "mean loss, free": ("free", "mean"), "sd, free": ("free", "std")}
    columns |= {"mean loss, distinct": ("distinct", "mean"), "sd, distinct": ("distinct", "std")}
    columns |= {"same-class pairs, free": ("same class, free", "mean")}
    table = groups.agg(**columns).reset_index()
    shuffled = table.input.map(table[table.selector == baseline].set_index("input")["mean loss, free"])
    gain = (table["mean loss, free"] - shuffled).where(table.selector != baseline)
    table["share of the gain kept"] = (table["mean loss, distinct"] - shuffled) / gain
    return table


def cost(plans: pd.DataFrame) -> pd.DataFrame:
    """Return the least seconds of both plans, and their ratio, for each input and selector."""
    table = plans.groupby(["input", "N", "selector"], sort=False)[["seconds, free", "seconds, distinct"]].min().reset_index()
    table["ratio"] = table["seconds, distinct"] / table["seconds, free"]
    return table
