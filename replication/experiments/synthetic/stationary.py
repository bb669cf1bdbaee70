"""Figure 2: where gradient descent on a fixed family of batches comes to rest."""

import pandas as pd
import torch

from replication.experiments.synthetic.descent import Embeddings, descend, family_losses, gram_blocks
from replication.geometry import antipodes_first, distance_to_optimum, target_name
from replication.selection import AllBatches, FixedBatches, FullBatch
from replication.selection.kernels.parallel import single_threaded

FAMILIES = ("full batch", "all batches", "fixed")


def rest_points(
    pairs: list[list[int]], batch_size: int, seeds: int, lr: float, max_steps: int, tolerance: float, parametrization: str
) -> tuple[pd.DataFrame, dict]:
    """Descend on the mean loss over all pairs, over all C(N, B) batches and over one fixed partition.

    Args:
        pairs: list of [N, d].
        batch_size: B of the last two families.
        seeds: number of starts, each from the points that Figure 3 starts from.
        lr: step size.
        max_steps, tolerance: stop after so many steps or when every seed's gradient norm is at most `tolerance`.
        parametrization: see `Embeddings`.

    Returns:
        (table, grams): `table` has a row per (N, d), family and seed with steps, gradient norm, whether it came to rest,
        the distance to the theoretical optimum and the losses in nats; `grams` maps (N, d, family) to the Gram matrix
        [N, N] of seed 0, samples ordered so that its blocks show.
    """
    rows, grams = [], {}
    for n, d in pairs:
        start = Embeddings.random(n, d, seeds, parametrization)
        everything = gram_blocks(FullBatch().plan(n), n)
        families = [FullBatch().plan(n), AllBatches(batch_size).plan(n), FixedBatches(batch_size).plan(n)]
        for name, batches in zip(FAMILIES, families, strict=True):
            with single_threaded():  # the tensors are tiny
                end, steps, norms = descend(start, batches, lr, max_steps, tolerance)
            gram = end.gram()
            own = family_losses(gram, gram_blocks(batches, n)).mean(dim=1)
            full = family_losses(gram, everything)[:, 0]
            distance = distance_to_optimum(gram, d) if target_name(n, d) else torch.full_like(full, float("nan"))
            if name == "fixed":
                order = batches.flatten()
            else:
                order = antipodes_first(gram[0]) if target_name(n, d) == "cross-polytope" else torch.arange(n)
            grams[n, d, name] = gram[0][order][:, order]
            rows += [
                {"N": n, "d": d, "B": batch_size, "family": name, "seed": seed, "steps": steps}
                | {"gradient norm": float(norms[seed]), "status": "at rest" if norms[seed] <= tolerance else "stopped"}
                | {"distance": float(distance[seed]), "own loss": float(own[seed]), "full-batch loss": float(full[seed])}
                for seed in range(seeds)
            ]
    return pd.DataFrame(rows), grams


def summarise_rest(table: pd.DataFrame) -> pd.DataFrame:
    """Return `rest_points`' table with one row per (N, d) and family: mean and sd over the seeds, and how many are at rest."""
    table = table.assign(rest=table.status == "at rest")
    groups = table.groupby(["N", "d", "B", "family"], sort=False)
    columns = {"n": ("seed", "count"), "steps": ("steps", "first"), "largest gradient norm": ("gradient norm", "max")}
    columns |= {"at rest": ("rest", "sum"), "distance mean": ("distance", "mean"), "distance sd": ("distance", "std")}
    columns |= {"largest distance": ("distance", "max"), "full-batch loss mean": ("full-batch loss", "mean")}
    return groups.agg(**columns).reset_index()
