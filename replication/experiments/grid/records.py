"""The records of a grid of trainings, put into tables; `training.Record` says what a record holds."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from replication.experiments.grid.budget import NothingFinished, Outcome
from replication.experiments.grid.record_files import Key, gather
from replication.experiments.grid.training import BEFORE, Record

BASELINE = "SGD"  # what all methods are compared with
UNTRAINED = "untrained"  # the name under which tables show networks before training


def known_records(
    folders: list[Path | None], settings: dict, conditions: dict, methods: list[str], objectives: list[str]
) -> dict[Key, Record]:
    """Return the records of these methods and objectives, of any seed, that lie in results folders and fit; see `gather`.

    Prints a line on each that had to be left aside.
    """
    found, lines = gather([folder for folder in folders if folder is not None], settings, conditions)
    for line in lines:
        print(line)
    return {key: record for key, record in found.items() if key[0] in objectives and key[1] in methods}


class Results:
    """The records of a grid as tables: one record for each training, each a `Record`.

    Attributes:
        records: in the order of objectives, methods and seeds.
        before: what tables call the networks before training.
        workers: trainings side by side.
        earlier: seconds that earlier calls had spent on what is no record, such as a first stage.
        outcome: what a budget left undone.
        forecast, steps: the tables that were made before the trainings, or None: what they would take, and how fast each way
            to launch an update is.
    """

    def __init__(
        self,
        records: list[Record],
        before: str = UNTRAINED,
        workers: int = 1,
        earlier: float = 0.0,
        outcome: Outcome | None = None,
        forecast: pd.DataFrame | None = None,
        steps: pd.DataFrame | None = None,
    ):
        self.records = records
        self.before = before
        self.workers = workers
        self.earlier = earlier
        self.outcome = outcome or Outcome()
        self.forecast, self.steps = forecast, steps
        self.images = records[0]["images"]

    @classmethod
    def of(cls, found: dict[Key, Record], methods: list[str], objectives: list[str], **options) -> "Results":
        """Return the results of all records by (objective, method, seed), of objectives that have the baseline.

        Raises:
            NothingFinished: none has it.
        """
        having = [o for o in objectives if any(key[:2] == (o, BASELINE) for key in found)]
        keys = [key for o in having for m in methods for key in sorted(found) if key[:2] == (o, m)]
        if not keys:
            outcome = options["outcome"]
            raise NothingFinished(
                f"no training with {BASELINE} is finished yet, so there are no tables; checkpoints are kept, and "
                f"{outcome.left} trainings are left, about {outcome.minutes_left:.0f} minutes"
            )
        return cls([found[key] for key in keys], **options)

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

    def batch_losses(self, objective: str, method: str) -> pd.DataFrame:
        """Return the losses (nats) of the batches that each selector chooses from the features of one trained network.

        The network is that of the first seed that has them. Beside each loss stand the number of batches that were chosen,
        and their mean loss, as records keep evenly spaced order statistics of many. Empty if no record holds any.
        """
        for record in self.records:
            mine = record["settings"]["objective"] == objective and record["settings"]["method"] == method
            if mine and record["batch losses"]:
                return pd.DataFrame(
                    {"selector": name, "loss": loss, "batches": kept["batches"], "mean": kept["mean"]}
                    for name, kept in record["batch losses"].items()
                    for loss in kept["losses"]
                )
        return pd.DataFrame(columns=["selector", "loss", "batches", "mean"])

    def provenance(self) -> pd.DataFrame:
        """Return where each training was made: a row for each call that worked on it, with device, versions and code."""
        return self._rows(
            lambda record: [
                {name: value for name, value in maker.items() if name != "versions"}
                | {name: maker.get("versions", {}).get(name) for name in ("torch", "torchvision")}
                | {"updates": record["updates"], "seconds": record["seconds"]}
                for maker in record["made"]
            ]
        )

    def devices(self) -> str:
        """Return in words on what the trainings were made."""
        makers = (record["made"][-1] if record["made"] else {} for record in self.records)
        last = pd.Series([maker.get("name", "an unknown machine") for maker in makers])
        counts = last.value_counts(sort=False)
        return ", ".join(f"{count} on {name}" for name, count in counts.items())

    def seconds(self) -> pd.DataFrame:
        """Return the seconds of each training that recorded them: feature passes, choosing batches, updates, and their sum."""
        parts = ["features", "selection", "steps"]
        table = self._rows(lambda record: [pd.DataFrame(record["timings"])[parts].sum().to_dict()] if record["timings"] else [])
        return table.assign(total=table[parts].sum(axis=1)) if len(table) else pd.DataFrame(columns=["total"])

    def cost(self) -> pd.DataFrame:
        """Return the seconds of an epoch of each method: feature passes, choosing batches, updates; and shares of these.

        Each is the least over epochs and seeds, as other programs on the machine can only add to it; `mean total` and its
        `sd` are over seeds and epochs as they came. `steps` is an epoch without choosing batches, `epoch` one with it.
        Empty if no record holds timings.
        """
        epochs = self._rows(lambda record: record["timings"])
        if epochs.empty:
            return pd.DataFrame()
        parts = ["features", "selection", "steps"]
        epochs["total"] = epochs[parts].sum(axis=1)
        groups = epochs.groupby(["objective", "selector"], sort=False)
        table = groups[parts].min().reset_index()
        total = table["epoch"] = table[parts].sum(axis=1)
        updates = next(record["updates"] / len(record["timings"]) for record in self.records if record["timings"])
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


def known_in_all(runs: pd.DataFrame, *measures: str) -> list[str]:
    """Return those of the measures that every row of a table of trainings has: earlier records may lack the newest ones."""
    return [name for name in measures if name in runs and runs[name].notna().all()]
