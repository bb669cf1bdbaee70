"""Two stages: one with shuffled batches for each seed, then fine-tuning of its network with every method."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

from replication.clip.evaluation import evaluate, evaluate_recalibrated, in_batch_losses
from replication.clip.head_tuning import make_task
from replication.clip.selecting import make_clip_selector
from replication.clip.settings import Settings
from replication.datasets.pairs import draw_captions
from replication.evaluation.shares import duplicate_share
from replication.experiments.clip.conditions import conditions_of, provenance_of, stage_folder, training_folder
from replication.experiments.clip.examples import write_examples
from replication.experiments.clip.forecast import seconds_of_epochs
from replication.experiments.grid.budget import Job, run_jobs
from replication.experiments.grid.record_files import record_path, training_key, write_record
from replication.experiments.grid.records import Results, known_records
from replication.experiments.grid.side_by_side import cores, run_grid
from replication.experiments.grid.training import Record, train_and_measure
from replication.machine import device_or_best
from replication.selection.registry import parse_method
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
    minutes: float = 0.0,
    more_records: Path | None = None,
) -> Results:
    """Fine-tune one network for each seed with every method and objective; what has a record is not trained again.

    Args:
        folder: results folder; checkpoints go below trainings/, records below records/.
        methods, objectives: names; see `Settings`.
        seeds: number of seeds, 0 ... seeds-1. Methods and objectives share the first stage of a seed. Records of further
            seeds, where there are any, count too.
        common: the other settings, equal for all.
        first_epochs, first_lr: of the first stage, with shuffled batches and open_clip's loss; 0 epochs: fine-tuning begins
            with the pretrained model itself.
        test_images: evaluate on the first so many; 0: all.
        workers: trainings side by side; 0: one for each core (on a GPU: 4).
        device: "cpu", "cuda", or "": a GPU if there is one.
        minutes: a budget, see `run_jobs`; 0: none.
        more_records: another results folder, whose records count as well.

    Raises:
        ValueError, TypeError: a setting that cannot work, before anything runs.
        FileNotFoundError, ModelError: data or weights that cannot be had.
        NothingFinished: the budget ended before tables could be made.
    """
    begin = time.monotonic()
    check_count("seeds", seeds, 1)
    check_count("first_epochs", first_epochs, 0)
    methods = [parse_method(method).name for method in methods]
    check_distinct("methods", methods, needed="SGD")
    check_distinct("objectives", objectives)
    device = device_or_best(device)
    # In blocks: all methods of an objective and a seed stand together.
    grid = [Settings(method=m, objective=o, seed=s, **common) for o, s, m in product(objectives, range(seeds), methods)]
    task = make_task(grid[0], grid[0].load("train"), device)  # whatever cannot work shows now
    tests = len(grid[0].load("test").head(test_images))
    first = {"epochs": first_epochs, "lr": first_lr} if first_epochs else {}
    conditions = conditions_of(grid[0], task.num_samples, tests, first)
    known = known_records([folder, more_records], grid[0].identity(), conditions, methods, objectives)
    missing = [settings for settings in grid if training_key(settings) not in known]
    workers = min(workers or (4 if device == "cuda" else cores()), max(1, len(missing)))
    second = seconds_of_epochs(task, methods) if missing and minutes else {}
    jobs, begun, stages = [], set(), {}
    for settings in missing:
        seconds = settings.epochs * second.get(settings.method, 0.0)
        if first and settings.seed not in begun:  # its first stage counts with the first training that needs it
            seconds += first_epochs * second.get("SGD", 0.0)
            begun.add(settings.seed)
        if first:
            stages[settings.seed] = replace(settings, method="SGD", objective="clip", **first)
            settings = replace(settings, start=str(stage_folder(folder, stages[settings.seed], conditions) / "checkpoint.pt"))
        place = training_folder(folder, settings, conditions)
        jobs.append(
            Job(training_key(settings), (folder, settings, test_images, conditions, device), place, settings.epochs, seconds)
        )
    earlier: dict[int, float] = {}

    def prepare(block: list[Job], deadline: float) -> bool:
        """Train the first stages that a block needs; return whether they are done."""
        needed = [stages[seed] for seed in dict.fromkeys(job.key[2] for job in block) if seed not in earlier]
        done = run_grid(
            train_first, [(folder, s, conditions, device) for s in needed], first_epochs, workers, deadline=deadline
        )
        earlier.update({s.seed: seconds for s, seconds in zip(needed, done, strict=True) if seconds is not None})
        return None not in done

    outcome = run_jobs(train_and_evaluate, jobs, workers, minutes, begin, prepare if first else None)
    options = {"workers": workers, "outcome": outcome, "earlier": sum(earlier.values())}
    return Results.of(known | outcome.results, methods, objectives, before=FIRST_STAGE, **options)


def train_first(folder: Path, settings: Settings, conditions: dict, device: str, on_epoch: Callable[[int], None]) -> float:
    """Train the network that fine-tuning begins with, or continue its training.

    Return the seconds that earlier calls had spent on it.
    """
    provenance = provenance_of(conditions) | {"start": ""}
    task = make_task(settings, settings.load("train"), device, provenance)
    place = stage_folder(folder, settings, conditions)
    trainer = Trainer(task, make_clip_selector(task), settings.epochs, settings.seed, place)
    trainer.run(on_epoch)
    return trainer.resumed_seconds


def train_and_evaluate(
    folder: Path,
    settings: Settings,
    test_images: int,
    conditions: dict,
    device: str,
    on_epoch: Callable[[int], None],
) -> Record:
    """Fine-tune one network, or continue its training, write its record into the results folder, and return it.

    With shuffled batches the network before fine-tuning is evaluated as well, and the losses of batches chosen afterwards.
    """
    pairs, test = settings.load("train"), settings.load("test").head(test_images)
    task = make_task(settings, pairs, device, provenance_of(conditions))
    place = training_folder(folder, settings, conditions)
    texts = [text for captions in task.pairs.captions for text in captions]
    shuffled = settings.method == "SGD"

    def describe_plan(plan, epoch):
        """Return what the history says of an epoch's plan [M, B]."""
        chosen = task.first_caption + draw_captions(task.pairs, settings.seed, epoch)
        return {"near-duplicate captions": duplicate_share(plan, [texts[row] for row in chosen.tolist()])}

    def at_end():
        """Write the page of examples."""
        if shuffled and settings.seed == 0:
            write_examples(task, test, place / "examples.png")

    record = train_and_measure(
        place,
        settings,
        conditions,
        task,
        make_clip_selector(task),
        settings.epochs,
        on_epoch,
        measure=lambda: evaluate(task, test) | evaluate_recalibrated(task, test),
        before_too=shuffled,
        batch_losses=lambda: in_batch_losses(task) if shuffled else {},
        describe_plan=describe_plan,
        at_end=at_end,
    )
    return write_record(record_path(folder, settings, conditions), record)
