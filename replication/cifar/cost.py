"""What an epoch of each method costs."""

import pandas as pd

from replication.cifar.experiment import Results


def cost(self: Results) -> pd.DataFrame:
    """Return the seconds of an epoch of each method: feature passes, choosing batches, updates; and shares of these.

    Each is the least over epochs and seeds, as other programs on the machine can only add to it; `mean total` and its
    `sd` are over seeds and epochs as they came.
    """
    epochs = self._rows(lambda record: record["timings"])
    parts = ["features", "selection", "steps"]
    epochs["total"] = epochs[parts].sum(axis=1)
    groups = epochs.groupby(["objective", "selector"], sort=False)
    table = groups[parts].min().reset_index()
    total = table[parts].sum(axis=1)
    updates = self.records[0]["updates"] / len(self.records[0]["timings"])
    table["ms per update"] = 1000 * table.steps / updates
    for name in ("features", "selection"):
        table[f"share of {name}"] = table[name] / total
    table["mean total"], table["sd"] = groups.total.mean().to_numpy(), groups.total.std().to_numpy()
    return table
