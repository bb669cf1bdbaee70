"""Two stages: one with shuffled batches for each seed, then fine-tuning of its network with every method."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import torch

from replication.clip.evaluation import evaluate, evaluate_recalibrated, in_batch_losses
from replication.clip.finetuning import FineTuning
from replication.clip.selecting import make_clip_selector
from replication.clip.settings import Settings
from replication.datasets.pairs import PAIR_PARAMETERS, draw_captions, pair_checksums
from replication.evaluation.shares import duplicate_share
from replication.experiments.clip.examples import write_examples
from replication.experiments.grid.records import Results
from replication.experiments.grid.side_by_side import cores, run_folder, run_grid
from replication.experiments.grid.training import Record, train_and_measure
from replication.machine import device_or_best
from replication.reporting.provenance import source_hash
from replication.training.loop import Trainer
from replication.validation import check_count, check_distinct

FIRST_STAGE = "first stage"  # the name under which tables show the networks that fine-tuning begins with


def run_experiment(
    folder: Path,
    methods: list[str],
    objectives: list[str],
    seeds: int,
    common: dict,
    first_epochs: int,
    first_lr: float,
    test_images: int = 0,
    workers: int = 0,
    device: str = "",
) -> Results:
    """Fine-tune one network for each seed with every method and objective; finished trainings are not repeated.

    Args:
        folder: holds one subfolder for each training, with its checkpoint and its result.
        methods, objectives: names; see `Settings`.
        seeds: number of seeds, 0 ... seeds-1. Methods and objectives share the first stage of a seed.
        common: the other settings, equal for all.
        first_epochs, first_lr: of the first stage, with shuffled batches and open_clip's loss; 0 epochs: fine-tuning begins
            with the pretrained model itself.
        test_images: evaluate on the first so many; 0: all.
        workers: trainings side by side; 0: one for each core (on a GPU: 4).
        device: "cpu", "cuda", or "": a GPU if there is one.

    Raises:
        ValueError, TypeError: a setting that cannot work, before anything runs.
        FileNotFoundError, ModelError: data or weights that cannot be had.
    """
    check_count("seeds", seeds, 1)
    check_count("first_epochs", first_epochs, 0)
    check_distinct("methods", methods, needed="SGD")
    check_distinct("objectives", objectives)
    device = device_or_best(device)
    grid = [Settings(method=m, objective=o, seed=s, **common) for o, m, s in product(objectives, methods, range(seeds))]
    FineTuning(grid[0], grid[0].load("train"), device)  # whatever cannot work shows now
    grid[0].load("test")
    provenance = {
        "data": pair_checksums(**{name: getattr(grid[0], name) for name in PAIR_PARAMETERS}),
        "code": source_hash(__name__),
        "torch": str(torch.__version__),
    }
    workers = min(workers or (4 if device == "cuda" else cores()), len(grid))
    earlier = 0.0
    if first_epochs:
        changes = {"method": "SGD", "objective": "clip", "epochs": first_epochs, "lr": first_lr}
        first = [replace(settings, **changes) for settings in grid[:seeds]]
        started = run_grid(train_first, [(folder, s, device, provenance) for s in first], first_epochs, workers)
        grid = [replace(settings, start=started[settings.seed][0]) for settings in grid]
        earlier = sum(seconds for _, seconds in started)
    jobs = [(folder, s, test_images, s.method == methods[0], device, provenance) for s in grid]
    records = run_grid(train_and_evaluate, jobs, grid[0].epochs, workers)
    return Results(records, FIRST_STAGE, workers, earlier)


def train_first(
    folder: Path, settings: Settings, device: str, provenance: dict, on_epoch: Callable[[int], None]
) -> tuple[str, float]:
    """Train the network that fine-tuning begins with, or continue its training.

    Return the path of its checkpoint, and the seconds that earlier calls had spent on it.
    """
    task = FineTuning(settings, settings.load("train"), device, provenance)
    place = run_folder(folder, f"first-{settings.seed}", task.identity())
    trainer = Trainer(task, make_clip_selector(task), settings.epochs, settings.seed, place)
    trainer.run(on_epoch)
    return str(trainer.path), trainer.resumed_seconds


def train_and_evaluate(
    folder: Path,
    settings: Settings,
    test_images: int,
    before_too: bool,
    device: str,
    provenance: dict,
    on_epoch: Callable[[int], None],
) -> Record:
    """Fine-tune one network, or continue its training, and return its record.

    `before_too`: evaluate the network before fine-tuning as well, and look at the losses of batches chosen afterwards.
    """
    pairs, test = settings.load("train"), settings.load("test").head(test_images)
    task = FineTuning(settings, pairs, device, provenance)
    folder = run_folder(folder, settings.name, task.identity())
    identity = task.identity() | {"test images": len(test), "before too": before_too}
    texts = [text for captions in task.pairs.captions for text in captions]

    def describe_plan(plan, epoch):
        """Return what the history says of an epoch's plan [M, B]."""
        chosen = task.first_caption + draw_captions(task.pairs, settings.seed, epoch)
        return {"near-duplicate captions": duplicate_share(plan, [texts[row] for row in chosen.tolist()])}

    def at_end():
        """Write the page of examples."""
        if before_too and settings.seed == 0:
            write_examples(task, test, folder / "examples.png")

    return train_and_measure(
        folder,
        settings,
        task,
        make_clip_selector(task),
        settings.epochs,
        identity,
        on_epoch,
        measure=lambda: evaluate(task, test) | evaluate_recalibrated(task, test),
        before_too=before_too,
        batch_losses=lambda: in_batch_losses(task) if before_too else {},
        describe_plan=describe_plan,
        at_end=at_end,
    )
