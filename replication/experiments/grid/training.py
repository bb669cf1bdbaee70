"""One training of a grid, from its first update to its record."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from torch import LongTensor

from replication.experiments.grid.side_by_side import read_result, write_result
from replication.selection import BatchSelector
from replication.training.loop import Task, Trainer
from replication.training.settings import RunSettings

BEFORE = "before"

# What one training leaves.
Record = TypedDict(
    "Record",
    {
        "settings": dict,  # of the run, as plain values; objective, method and seed among them
        "before": dict | None,  # measures before training: one method of each seed has them, as all share the network
        "trained": dict,  # measures afterwards
        "batch losses": dict,  # by selector: losses (nats) of the batches that it chooses from the trained network's features
        "history": list,  # of the `Trainer`
        "timings": list,  # likewise
        "images": int,  # N
        "updates": int,
        "seconds": float,  # of the whole training, earlier calls among them
        "earlier seconds": float,  # what earlier, perhaps broken-off, calls had spent on it
    },
)


def train_and_measure(
    folder: Path,
    settings: RunSettings,
    task: Task,
    selector: BatchSelector,
    epochs: int,
    identity: dict,
    on_epoch: Callable[[int], None],
    *,
    measure: Callable[[], dict],
    before_too: bool,
    batch_losses: Callable[[], dict],
    describe_plan: Callable[[LongTensor, int], dict],
    refresh_features: bool = False,
    at_end: Callable[[], None] = lambda: None,
) -> Record:
    """Train, or continue a training, and return its record; one that is finished is read from `folder`.

    Args:
        folder: of this training alone.
        settings, task, selector, epochs: what is trained, and how its batches are chosen.
        identity: plain values that decide the record; a stored one with others is made anew.
        on_epoch: as of `Trainer.run`.
        measure: returns what the network is worth at the moment.
        before_too: measure the network before it is trained as well.
        batch_losses: returns "batch losses" of the trained network.
        describe_plan, refresh_features: as of `Trainer`.
        at_end: called once the network is trained.
    """
    place = folder / "result.json"
    result = read_result(place, identity)
    if result is not None:
        on_epoch(epochs)
        return result | {"earlier seconds": result["seconds"]}
    begin = time.perf_counter()
    before = measure() if before_too else None
    options = {"refresh_features": refresh_features, "describe_plan": describe_plan}
    trainer = Trainer(task, selector, epochs, settings.seed, folder, **options)
    trainer.run(on_epoch)
    at_end()
    result = {
        "settings": settings.plain(),
        BEFORE: before,
        "trained": measure(),
        "batch losses": batch_losses(),
        "history": trainer.history,
        "timings": trainer.timings,
        "images": task.num_samples,
        "updates": epochs * task.steps_per_epoch,
        "seconds": time.perf_counter() - begin + trainer.resumed_seconds,
    }
    write_result(place, identity, result)
    return result | {"earlier seconds": trainer.resumed_seconds}
