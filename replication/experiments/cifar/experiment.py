"""A grid of pre-training runs, methods by objectives by seeds: trained, evaluated, and put into tables."""

import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

from replication.datasets import load_image_set
from replication.evaluation.shares import same_class_share
from replication.experiments.cifar.conditions import conditions_of, provenance_of, training_folder
from replication.experiments.cifar.evaluation import Evaluation, evaluate, evaluate_recalibrated, in_batch_losses
from replication.experiments.cifar.fastest_step import fastest_step
from replication.experiments.cifar.forecast import forecast
from replication.experiments.cifar.pretraining import Pretraining, training_images
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.budget import Job, run_jobs
from replication.experiments.grid.record_files import CHECKPOINTS, record_path, training_key, write_record
from replication.experiments.grid.records import Results, known_records
from replication.experiments.grid.side_by_side import cores
from replication.experiments.grid.training import Record, train_and_measure
from replication.machine import device_or_best
from replication.selection import BatchSelector
from replication.selection.registry import make_selector, parse_method
from replication.validation import check_count, check_distinct


def run_experiment(
    folder: Path,
    methods: list[str],
    objectives: list[str],
    seeds: int,
    common: dict,
    evaluation: Evaluation,
    workers: int = 0,
    device: str = "",
    first_seed: int = 0,
    minutes: float = 0.0,
    more_records: Path | None = None,
) -> Results:
    """Train every method with every objective and seed, and evaluate each of them; what has a record is not trained again.

    Args:
        folder: results folder; checkpoints go below trainings/, records below records/.
        methods, objectives: names; see `Settings`.
        seeds: number of seeds. A seed decides initialisation, views and plans; methods share it.
        common: the other settings, equal for all.
        evaluation: how they are evaluated.
        workers: trainings side by side; 0: one for each core. On a GPU 0 means: as many as are fastest there, with the variant
            of the update that is; see `fastest_step`. Any other number leaves the variant to the setting `compiled`.
        device: "cpu", "cuda", or "": a GPU if there is one.
        first_seed: the others follow it one by one. Records of further seeds, where there are any, count too.
        minutes: a budget, see `run_jobs`; 0: none.
        more_records: another results folder, whose records count as well.

    Raises:
        ValueError, TypeError: a setting that cannot work, before anything runs.
        FileNotFoundError: the data set is missing or damaged.
        NothingFinished: the budget ended before tables could be made.
    """
    begin = time.monotonic()
    check_count("seeds", seeds, 1)
    check_count("first_seed", first_seed, 0)
    methods = [parse_method(method).name for method in methods]
    check_distinct("methods", methods, needed="SGD")
    check_distinct("objectives", objectives)
    device = device_or_best(device)
    # In blocks: all methods of an objective and a seed stand together.
    grid = [
        Settings(method=method, objective=objective, seed=seed, **common)
        for objective, seed, method in product(objectives, range(first_seed, first_seed + seeds), methods)
    ]
    train = load_image_set(grid[0].dataset, "train")
    for settings in grid:  # made here for its checks only, before the workers begin
        training_selector(settings, training_images(settings, train))
    conditions = conditions_of(grid[0], evaluation, training_images(grid[0], train))
    known = known_records([folder, more_records], grid[0].identity(), conditions, methods, objectives)
    missing = [settings for settings in grid if training_key(settings) not in known]
    expected, jobs = None, []
    variant, steps = "", None
    if missing and device == "cuda" and workers == 0:
        variant, workers, steps = fastest_step(missing, device, folder / CHECKPOINTS)
    workers = min(workers or cores(), max(1, len(missing)))
    if missing:
        expected = forecast(common, methods, objectives, seeds, workers, device)
        print(expected.to_string(index=False, float_format="{:.3g}".format))
        hours = expected.set_index("selector").hours / expected.set_index("selector").trainings
        for settings in missing:
            arguments = (folder, settings, evaluation, conditions, device)
            place, epochs = training_folder(folder, settings, conditions), settings.epochs + settings.extra_epoch
            jobs.append(Job(training_key(settings), arguments, place, epochs, 3600 * float(hours[settings.method])))
    outcome = run_jobs(partial(train_and_evaluate, variant=variant), jobs, workers, minutes, begin)
    options = {"workers": workers, "outcome": outcome, "forecast": expected, "steps": steps}
    return Results.of(known | outcome.results, methods, objectives, **options)


def train_and_evaluate(
    folder: Path,
    settings: Settings,
    evaluation: Evaluation,
    conditions: dict,
    device: str,
    on_epoch: Callable[[int], None],
    variant: str = "",
) -> Record:
    """Train one network, or continue its training, write its record into the results folder, and return it.

    `variant`: of the update, as of `Pretraining`.
    """
    train, test = (load_image_set(settings.dataset, split) for split in ("train", "test"))
    task = Pretraining(settings, train, device, provenance_of(conditions), variant)
    record = train_and_measure(
        training_folder(folder, settings, conditions),
        settings,
        conditions,
        task,
        training_selector(settings, task.num_samples),
        settings.epochs + settings.extra_epoch,
        on_epoch,
        measure=lambda: evaluate(task, test, evaluation) | evaluate_recalibrated(task, test, evaluation),
        before_too=settings.method == "SGD",
        batch_losses=lambda: in_batch_losses(task),
        describe_plan=lambda plan, epoch: {"same-class pairs": same_class_share(plan, task.labels)},
        refresh_features=settings.refresh_features,
    )
    return write_record(record_path(folder, settings, conditions), record)


def training_selector(settings: Settings, num_samples: int) -> BatchSelector:
    """Return what chooses the batches of a run on `num_samples` images; see `make_selector`."""
    s = settings
    return make_selector(s.method, num_samples, s.batch_size, s.temperature, s.k, s.candidates)
