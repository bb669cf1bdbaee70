"""A grid of pre-training runs, methods by objectives by seeds: trained, evaluated, and put into tables."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pandas as pd
import torch

from replication.cifar.evaluation import Evaluation, evaluate, in_batch_losses
from replication.cifar.pretraining import Pretraining
from replication.cifar.settings import Settings
from replication.datasets import checksums, load_image_set
from replication.hardness.measure import same_class_share
from replication.provenance import source_hash
from replication.training.grid import read_result, run_folder, run_grid, write_result
from replication.training.loop import Trainer
from replication.training.methods import make_selector
from replication.validation import check_count

UNTRAINED = "untrained"
# What decides a training; changes elsewhere, as in figures, leave finished ones valid.
CODE = ("losses", "selection", "views", "datasets", "evaluation", "training", "cifar/network.py", "cifar/pretraining.py")
CODE += ("cifar/settings.py", "cifar/evaluation.py", "cifar/experiment.py", "hardness/measure.py")


def run_experiment(
    folder: Path,
    methods: list[str],
    objectives: list[str],
    seeds: int,
    common: dict,
    evaluation: Evaluation,
    workers: int = 0,
    device: str = "",
) -> "Results":
    """Train every method with every objective and seed, and evaluate each of them; finished trainings are not repeated.

    Args:
        folder: holds one subfolder for each training, with its checkpoint and its result.
        methods, objectives: names; see `Settings`.
        seeds: number of seeds, 0 ... seeds-1. A seed decides initialisation, views and plans; methods share it.
        common: the other settings, equal for all.
        evaluation: how they are evaluated.
        workers: trainings side by side; 0: one for each core (on a GPU: 4).
        device: "cpu", "cuda", or "": a GPU if there is one.

    Raises:
        ValueError, TypeError: a setting that cannot work, before anything runs.
        FileNotFoundError: the data set is missing or damaged.
    """
    check_count("seeds", seeds, 1)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    grid = [
        Settings(method=method, objective=objective, seed=seed, **common)
        for objective, method, seed in product(objectives, methods, range(seeds))
    ]
    for split in ("train", "test"):
        load_image_set(grid[0].dataset, split)
    provenance = {"data": checksums(grid[0].dataset), "code": source_hash(CODE), "torch": str(torch.__version__)}
    # Methods share the untrained network of a seed, so the first of them evaluates it for all.
    jobs = [(folder, settings, evaluation, settings.method == methods[0], device, provenance) for settings in grid]
    epochs = grid[0].epochs + grid[0].extra_epoch
    return Results(run_grid(train_and_evaluate, jobs, epochs, workers or (4 if device == "cuda" else 0)))


def train_and_evaluate(
    folder: Path,
    settings: Settings,
    evaluation: Evaluation,
    untrained_too: bool,
    device: str,
    provenance: dict,
    on_epoch: Callable[[int], None],
) -> dict:
    """Train one network, or continue its training, and return its record; see `Results`.

    `untrained_too`: evaluate the network before it is trained as well, and look at the losses of batches chosen afterwards.
    """
    train, test = (load_image_set(settings.dataset, split) for split in ("train", "test"))
    task = Pretraining(settings, train, device, provenance)
    folder = run_folder(folder, settings.name, task.identity())
    identity = task.identity() | {"evaluation": repr(evaluation), "untrained too": untrained_too}
    epochs = settings.epochs + settings.extra_epoch
    result = read_result(folder / "result.json", identity)
    if result is not None:
        on_epoch(epochs)
        return result | {"reused": True}
    untrained = evaluate(task, test, evaluation) if untrained_too else None
    selector = make_selector(
        settings.method, task.num_samples, settings.batch_size, settings.temperature, settings.k, settings.candidates
    )
    trainer = Trainer(
        task,
        selector,
        epochs,
        settings.seed,
        folder,
        refresh_features=settings.refresh_features,
        describe_plan=lambda plan: {"same-class pairs": same_class_share(plan, task.labels)},
    )
    trainer.run(on_epoch)
    result = {
        "settings": settings.plain(),
        UNTRAINED: untrained,
        "trained": evaluate(task, test, evaluation),
        "batch losses": in_batch_losses(task) if untrained_too else {},
        "history": trainer.history,
        "timings": trainer.timings,
        "images": task.num_samples,
        "updates": epochs * task.steps_per_epoch,
    }
    write_result(folder / "result.json", identity, result)
    return result | {"reused": False}


class Results:
    """The records of a grid as tables: one record for each training, as `train_and_evaluate` returns it."""

    def __init__(self, records: list[dict]):
        self.records = records
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
        untrained = self._rows(lambda record: [record[UNTRAINED]] if record[UNTRAINED] else []).assign(selector=UNTRAINED)
        table = pd.concat([trained, untrained], ignore_index=True)
        by_severity = [name for name in table if name.startswith("corrupted R@1, severity")]
        table.insert(3, "corrupted R@1", table[by_severity].mean(axis=1))
        return table

    def trained(self) -> pd.DataFrame:
        """Return `runs` without the untrained networks."""
        table = self.runs()
        return table[table.selector != UNTRAINED]

    def reused_seconds(self) -> float:
        """Return the seconds that an earlier, perhaps broken-off, call spent on the trainings found finished, one by one."""
        return sum(sum(t["features"] + t["selection"] + t["steps"] for t in r["timings"]) for r in self.records if r["reused"])

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
        """Return the mean seconds of each method's trainings, and the shares of feature passes and of choosing batches."""
        table = self.seconds().drop(columns="seed").groupby(["objective", "selector"], sort=False).mean().reset_index()
        updates = sum(record["updates"] for record in self.records) / len(self.records)
        table["ms per update"] = 1000 * table.steps / updates
        for name in ("features", "selection"):
            table[f"share of {name}"] = table[name] / table.total
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
