"""The records of a grid of trainings, put into tables; `training.Record` says what a record holds."""

from collections.abc import Callable

import pandas as pd

from replication.experiments.grid.training import BEFORE, Record

UNTRAINED = "untrained"  # the name under which tables show networks before training


class Results:
    """The records of a grid as tables: one record for each training, each a `Record`."""

    def __init__(self, records: list[Record], before: str = UNTRAINED, workers: int = 1, earlier: float = 0.0):
        self.records = records
        self.before = before  # what tables call the networks before training
        self.workers = workers  # trainings side by side
        self.earlier = earlier  # seconds that earlier calls had spent on what is no record, such as a first stage
        self.images = records[0]["images"]

    def _rows(self, make: Callable[[dict], list[dict]]) -> pd.DataFrame:
        columns = {"objective": "objective", "method": "selector", "seed": "seed"}
        return pd.DataFrame(
            {name: record["settings"][key] for key, name in columns.items()} | row
            for record in self.records
            for row in make(record)
        )

    def runs(self) -> pd.DataFrame:
        """Return one row for each training with its measures, and one for the untrained network of each seed."""
        trained = self._rows(lambda record: [record["trained"]])
        untrained = self._rows(lambda record: [record[BEFORE]] if record[BEFORE] else []).assign(selector=self.before)
        return pd.concat([trained, untrained], ignore_index=True)

    def trained(self) -> pd.DataFrame:
        """Return `runs` without the untrained networks."""
        table = self.runs()
        return table[table.selector != self.before]

    def earlier_seconds(self) -> float:
        """Return about how long earlier, perhaps broken-off, calls took for what this one found done, side by side."""
        return (self.earlier + sum(record["earlier seconds"] for record in self.records)) / self.workers

    def history(self) -> pd.DataFrame:
        """Return one row for each epoch of each training: mean in-batch loss (nats), share of same-class pairs."""
        return self._rows(lambda record: record["history"])

    def batch_losses(self, objective: str, method: str, seed: int = 0) -> pd.DataFrame:
        """Return the losses (nats) of the batches that each selector chooses from the features of one trained network."""
        wanted = {"objective": objective, "method": method, "seed": seed}
        (record,) = [r for r in self.records if all(r["settings"][name] == value for name, value in wanted.items())]
        return pd.DataFrame(
            {"selector": name, "loss": loss} for name, losses in record["batch losses"].items() for loss in losses
        )

    def seconds(self) -> pd.DataFrame:
        """Return the seconds of each training: feature passes, choosing batches, updates, and their sum."""
        table = self._rows(lambda record: [pd.DataFrame(record["timings"]).drop(columns="epoch").sum().to_dict()])
        return table.assign(total=table[["features", "selection", "steps"]].sum(axis=1))

    def cost(self) -> pd.DataFrame:
        """Return the seconds of an epoch of each method: feature passes, choosing batches, updates; and shares of these.

        Each is the least over epochs and seeds, as other programs on the machine can only add to it; `mean total` and its
        `sd` are over seeds and epochs as they came. `steps` is an epoch without choosing batches, `epoch` one with it.
        """
        epochs = self._rows(lambda record: record["timings"])
        parts = ["features", "selection", "steps"]
        epochs["total"] = epochs[parts].sum(axis=1)
        groups = epochs.groupby(["objective", "selector"], sort=False)
        table = groups[parts].min().reset_index()
        total = table["epoch"] = table[parts].sum(axis=1)
        updates = self.records[0]["updates"] / len(self.records[0]["timings"])
        table["ms per update"] = 1000 * table.steps / updates
        for name in ("features", "selection"):
            table[f"share of {name}"] = table[name] / total
        table["mean total"], table["sd"] = groups.total.mean().to_numpy(), groups.total.std().to_numpy()
        return table


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Return mean and sd over the seeds of each measure, a row for each objective and selector, the untrained one last.

    The two directions of retrieval are left out; their mean is there.
    """
    measures = [
        name for name in runs if name not in ("objective", "selector", "seed") and "u2v" not in name and "v2u" not in name
    ]
    groups = runs.groupby(["objective", "selector"], sort=False)
    table = groups.seed.count().rename("n").reset_index()
    for name in measures:
        table[name] = groups[name].mean().to_numpy()
        table[f"{name} sd"] = groups[name].std().to_numpy()
    return table
