"""A grid of pre-training runs, methods by objectives by seeds: trained, evaluated, and put into tables."""

from collections.abc import Callable
from functools import partial
from importlib import metadata
from itertools import product
from pathlib import Path

from replication.datasets import checksums, corrupted_gallery, load_image_set
from replication.evaluation.shares import same_class_share
from replication.experiments.cifar.evaluation import Evaluation, evaluate, evaluate_recalibrated, in_batch_losses
from replication.experiments.cifar.fastest_step import fastest_step
from replication.experiments.cifar.pretraining import Pretraining, training_images
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.records import Results
from replication.experiments.grid.side_by_side import cores, run_folder, run_grid
from replication.experiments.grid.training import Record, train_and_measure
from replication.machine import device_or_best
from replication.reporting.provenance import source_hash
from replication.selection import BatchSelector
from replication.selection.registry import make_selector
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
) -> Results:
    """Train every method with every objective and seed, and evaluate each of them; finished trainings are not repeated.

    Args:
        folder: holds one subfolder for each training, with its checkpoint and its result.
        methods, objectives: names; see `Settings`.
        seeds: number of seeds. A seed decides initialisation, views and plans; methods share it.
        common: the other settings, equal for all.
        evaluation: how they are evaluated.
        workers: trainings side by side; 0: one for each core. On a GPU 0 means: as many as are fastest there, with the variant
            of the update that is; see `fastest_step`. Any other number leaves the variant to the setting `compiled`.
        device: "cpu", "cuda", or "": a GPU if there is one.
        first_seed: the others follow it one by one.

    Raises:
        ValueError, TypeError: a setting that cannot work, before anything runs.
        FileNotFoundError: the data set is missing or damaged.
    """
    check_count("seeds", seeds, 1)
    check_count("first_seed", first_seed, 0)
    check_distinct("methods", methods, needed="SGD")
    check_distinct("objectives", objectives)
    device = device_or_best(device)
    grid = [
        Settings(method=method, objective=objective, seed=seed, **common)
        for objective, method, seed in product(objectives, methods, range(first_seed, first_seed + seeds))
    ]
    train, _ = (load_image_set(grid[0].dataset, split) for split in ("train", "test"))
    # Made here for its checks only, before the workers begin.
    for settings in grid:
        training_selector(settings, training_images(settings, train))
    provenance = {"data": checksums(grid[0].dataset), "code": source_hash(__name__), "device": device}
    provenance |= {name: metadata.version(name) for name in ("torch", "torchvision", "timm", "scikit-learn", "scipy", "numba")}
    variant = ""
    if device == "cuda" and workers == 0:
        variant, workers, _ = fastest_step(grid, device, folder)
    workers = min(workers or cores(), len(grid))
    # Methods share the untrained network of a seed, so the first of them evaluates it for all. The losses of chosen batches
    # are looked at in the networks of one seed.
    jobs = [
        (folder, s, evaluation, s.method == methods[0], methods if s.seed == first_seed else [], device, provenance)
        for s in grid
    ]
    epochs = grid[0].epochs + grid[0].extra_epoch
    return Results(run_grid(partial(train_and_evaluate, variant=variant), jobs, epochs, workers), workers=workers)


def train_and_evaluate(
    folder: Path,
    settings: Settings,
    evaluation: Evaluation,
    untrained_too: bool,
    histogram_methods: list[str],
    device: str,
    provenance: dict,
    on_epoch: Callable[[int], None],
    variant: str = "",
) -> Record:
    """Train one network, or continue its training, and return its record.

    `untrained_too`: evaluate the network before it is trained as well. `histogram_methods`: in the trained one, look at the
    losses of the batches that these choose. `variant`: of the update, as of `Pretraining`.
    """
    train, test = (load_image_set(settings.dataset, split) for split in ("train", "test"))
    task = Pretraining(settings, train, device, provenance, variant)
    folder = run_folder(folder, settings.name, task.identity())
    # Official corrupted images that come later replace generated ones, and ask for another evaluation.
    _, types, source = corrupted_gallery(settings.dataset, evaluation.severities[0], 1)
    identity = task.identity() | {"evaluation": repr(evaluation), "untrained too": untrained_too}
    identity |= {"corruptions": [source, *types], "histogram": histogram_methods}
    return train_and_measure(
        folder,
        settings,
        task,
        training_selector(settings, task.num_samples),
        settings.epochs + settings.extra_epoch,
        identity,
        on_epoch,
        measure=lambda: evaluate(task, test, evaluation) | evaluate_recalibrated(task, test, evaluation),
        before_too=untrained_too,
        batch_losses=lambda: in_batch_losses(task, histogram_methods),
        describe_plan=lambda plan, epoch: {"same-class pairs": same_class_share(plan, task.labels)},
        refresh_features=settings.refresh_features,
    )


def training_selector(settings: Settings, num_samples: int) -> BatchSelector:
    """Return what chooses the batches of a run on `num_samples` images; see `make_selector`."""
    s = settings
    return make_selector(s.method, num_samples, s.batch_size, s.temperature, s.k, s.candidates)
