"""One training of a grid, from its first update to its record."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import numpy as np
from torch import LongTensor

from replication.experiments.grid.makers import note_maker
from replication.files import whole
from replication.selection import BatchSelector
from replication.training.loop import Task, Trainer
from replication.training.settings import RunSettings

BEFORE = "before"
KEPT_LOSSES = 256  # of the batches that a selector chooses: evenly spaced order statistics, enough for a histogram

# What one training leaves; `record_files` says how it is kept.
Record = TypedDict(
    "Record",
    {
        "settings": dict,  # that decide the run, as plain values; objective, method and seed among them
        "conditions": dict,  # what else decides it, and its measures: data, samples, evaluation, protocol
        "before": dict | None,  # measures before training: SGD's of each seed has them, as all methods share the network
        "trained": dict,  # measures afterwards
        "batch losses": dict,  # by selector, of the batches that it chooses from the trained network's features; see `thinned`
        "history": list,  # of the `Trainer`
        "timings": list,  # likewise
        "images": int,  # N
        "updates": int,
        "seconds": float,  # of the whole training, earlier calls among them
        "made": list,  # for each call that worked on it: device, versions, code; see `makers`
        "earlier seconds": float,  # what earlier, perhaps broken-off, calls had spent on it; not kept in the file
    },
)


def train_and_measure(
    folder: Path,
    settings: RunSettings,
    conditions: dict,
    task: Task,
    selector: BatchSelector,
    epochs: int,
    on_epoch: Callable[[int], None],
    *,
    measure: Callable[[], dict],
    before_too: bool,
    batch_losses: Callable[[], dict],
    describe_plan: Callable[[LongTensor, int], dict],
    refresh_features: bool = False,
    at_end: Callable[[], None] = lambda: None,
) -> Record:
    """Train, or continue a training, and return its record.

    Args:
        folder: of this training alone, for its checkpoint.
        settings, task, selector, epochs: what is trained, and how its batches are chosen.
        conditions: plain values that, with the settings, decide the record.
        on_epoch: as of `Trainer.run`.
        measure: returns what the network is worth at the moment.
        before_too: measure the network before it is trained as well.
        batch_losses: returns the losses (nats) of the batches that each selector chooses from the trained network's features.
        describe_plan, refresh_features: as of `Trainer`.
        at_end: called once the network is trained.
    """
    begin = time.perf_counter()
    made = note_maker(folder, task)
    before = measure() if before_too else None
    options = {"refresh_features": refresh_features, "describe_plan": describe_plan}
    trainer = Trainer(task, selector, epochs, settings.seed, folder, **options)

    def note_progress(done: int) -> None:
        """Tell the bar, and a later call, how many epochs are done."""
        with whole(folder / "progress.json") as temporary:
            temporary.write_text(json.dumps({"epochs": done}), encoding="utf-8")
        on_epoch(done)

    trainer.run(note_progress)
    at_end()
    return {
        "settings": settings.identity(),
        "conditions": conditions,
        BEFORE: before,
        "trained": measure(),
        "batch losses": {name: thinned(losses) for name, losses in batch_losses().items()},
        "history": trainer.history,
        "timings": trainer.timings,
        "images": task.num_samples,
        "updates": epochs * task.steps_per_epoch,
        "seconds": time.perf_counter() - begin + trainer.resumed_seconds,
        "made": made,
        "earlier seconds": trainer.resumed_seconds,
    }


def epochs_done(folder: Path) -> int:
    """Return how many epochs of the training in `folder` are finished, as far as it is known."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads((folder / "progress.json").read_text(encoding="utf-8"))["epochs"])
    return 0


def thinned(losses: list[float]) -> dict:
    """Return {"batches": how many, "mean": of all, "losses": at most `KEPT_LOSSES` evenly spaced order statistics}."""
    values = np.sort(np.asarray(losses, dtype=float))
    mean = float(values.mean())
    if len(values) > KEPT_LOSSES:
        values = np.quantile(values, (np.arange(KEPT_LOSSES) + 0.5) / KEPT_LOSSES)
    return {"batches": len(losses), "mean": mean, "losses": [float(f"{value:.5g}") for value in values]}
