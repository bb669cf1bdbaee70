"""A grid of pre-training runs, methods by objectives by seeds: trained, evaluated, and put into tables."""

import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

from replication.datasets import checksums, corrupted_gallery, load_image_set
from replication.evaluation.shares import same_class_share
from replication.experiments.cifar.evaluation import Evaluation, evaluate, evaluate_recalibrated, in_batch_losses
from replication.experiments.cifar.forecast import forecast
from replication.experiments.cifar.pretraining import PROTOCOL, Pretraining, training_images
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.budget import Job, run_jobs
from replication.experiments.grid.record_files import CHECKPOINTS, Key, key_of, record_path, write_record
from replication.experiments.grid.records import Results, known_records
from replication.experiments.grid.side_by_side import cores, run_folder
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
        workers: trainings side by side; 0: one for each core (on a GPU: 4).
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
    missing = [settings for settings in grid if _key(settings) not in known]
    expected, jobs = None, []
    workers = min(workers or (4 if device == "cuda" else cores()), max(1, len(missing)))
    if missing:
        expected = forecast(common, methods, objectives, seeds, workers, device)
        print(expected.to_string(index=False, float_format="{:.3g}".format))
        hours = expected.set_index("selector").hours / expected.set_index("selector").trainings
        for settings in missing:
            arguments = (folder, settings, evaluation, conditions, device)
            place, epochs = training_folder(folder, settings, conditions), settings.epochs + settings.extra_epoch
            jobs.append(Job(_key(settings), arguments, place, epochs, 3600 * float(hours[settings.method])))
    outcome = run_jobs(train_and_evaluate, jobs, workers, minutes, begin)
    return Results.of(known | outcome.results, methods, objectives, workers=workers, outcome=outcome, forecast=expected)


def conditions_of(settings: Settings, evaluation: Evaluation, images: int) -> dict:
    """Return what, beside the settings, decides a record: data, number of images, evaluation, protocol."""
    # Official corrupted images that come later replace generated ones, and ask for another evaluation.
    _, types, source = corrupted_gallery(settings.dataset, evaluation.severities[0], 1)
    measured = {"test images": evaluation.test_images, "corrupted images": evaluation.corrupted_images}
    measured |= {"severities": list(evaluation.severities), "linear probe": evaluation.linear_probe}
    measured |= {"corruptions": [source, *types]}
    conditions = {"experiment": "cifar", "samples": images, "data": checksums(settings.dataset)}
    return conditions | {"protocol": PROTOCOL, "evaluation": measured}


def shared_by_records(parameters: dict) -> tuple[dict, dict]:
    """Return the settings and conditions that records must have to fit these parameters of the notebook."""
    p = parameters
    settings = Settings(method="SGD", objective=p["objectives"][0], seed=p["first_seed"], **Settings.common(p))
    evaluation = Evaluation(p["test_images"], p["corrupted_images"], tuple(p["severities"]), p["linear_probe"])
    images = training_images(settings, load_image_set(settings.dataset, "train"))
    return settings.identity(), conditions_of(settings, evaluation, images)


def training_folder(folder: Path, settings: Settings, conditions: dict) -> Path:
    """Return the folder of one training's checkpoint, which no evaluation changes."""
    identity = settings.identity() | provenance_of(conditions)
    return run_folder(folder / CHECKPOINTS, settings.name, identity)


def provenance_of(conditions: dict) -> dict:
    """Return those conditions that a checkpoint must agree on."""
    return {name: conditions[name] for name in ("data", "protocol")}


def train_and_evaluate(
    folder: Path, settings: Settings, evaluation: Evaluation, conditions: dict, device: str, on_epoch: Callable[[int], None]
) -> Record:
    """Train one network, or continue its training, write its record into the results folder, and return it."""
    train, test = (load_image_set(settings.dataset, split) for split in ("train", "test"))
    task = Pretraining(settings, train, device, provenance_of(conditions))
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


def _key(settings: Settings) -> Key:
    return key_of({"settings": settings.plain()})
