"""A grid of pre-training runs, methods by objectives by seeds: trained, evaluated, and put into tables."""

from collections.abc import Callable
from importlib import metadata
from itertools import product
from pathlib import Path

import torch

from replication.cifar.evaluation import Evaluation, evaluate, in_batch_losses
from replication.cifar.pretraining import Pretraining, training_images
from replication.cifar.settings import ONLY_SOGCLR, Settings
from replication.datasets import checksums, corrupted_gallery, load_image_set
from replication.hardness.measure import same_class_share
from replication.provenance import source_hash
from replication.selection import BatchSelector
from replication.training.grid import read_result, run_folder, run_grid, write_result
from replication.training.loop import Trainer
from replication.training.methods import make_selector
from replication.trials.records import BEFORE, Results
from replication.validation import check_count, check_distinct

# What decides a training; changes elsewhere, as in figures, leave finished ones valid.
CODE = ("losses", "selection", "views", "datasets", "evaluation", "training", "cifar/network.py", "cifar/pretraining.py")
CODE += ("cifar/settings.py", "cifar/evaluation.py", "cifar/experiment.py", "hardness/measure.py", "validation.py")


def run_experiment(
    folder: Path,
    methods: list[str],
    objectives: list[str],
    seeds: int,
    common: dict,
    evaluation: Evaluation,
    workers: int = 0,
    device: str = "",
) -> Results:
    """Train every method with every objective and seed, and evaluate each of them; finished trainings are not repeated.

    Args:
        folder: holds one subfolder for each training, with its checkpoint and its result.
        methods, objectives: names; see `Settings`.
        seeds: number of seeds, 0 ... seeds-1. A seed decides initialisation, views and plans; methods share it.
        common: the other settings, equal for all; `released_first_visit` reaches SogCLR alone, which must be among them.
        evaluation: how they are evaluated.
        workers: trainings side by side; 0: one for each core (on a GPU: 4).
        device: "cpu", "cuda", or "": a GPU if there is one.

    Raises:
        ValueError, TypeError: a setting that cannot work, before anything runs.
        FileNotFoundError: the data set is missing or damaged.
    """
    check_count("seeds", seeds, 1)
    check_distinct("methods", methods, needed="SGD")
    check_distinct("objectives", objectives)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    others = common | ONLY_SOGCLR if "sogclr" in objectives else common
    grid = [
        Settings(method=method, objective=objective, seed=seed, **(common if objective == "sogclr" else others))
        for objective, method, seed in product(objectives, methods, range(seeds))
    ]
    train, _ = (load_image_set(grid[0].dataset, split) for split in ("train", "test"))
    # Made here for its checks only, before the workers begin.
    for settings in grid:
        training_selector(settings, training_images(settings, train))
    provenance = {"data": checksums(grid[0].dataset), "code": source_hash(CODE), "device": device}
    provenance |= {name: metadata.version(name) for name in ("torch", "torchvision", "timm", "scikit-learn", "scipy", "numba")}
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
    # Official corrupted images that come later replace generated ones, and ask for another evaluation.
    _, types, source = corrupted_gallery(settings.dataset, evaluation.severities[0], 1)
    identity = task.identity() | {"evaluation": repr(evaluation), "untrained too": untrained_too}
    identity |= {"corruptions": [source, *types]}
    epochs = settings.epochs + settings.extra_epoch
    result = read_result(folder / "result.json", identity)
    if result is not None:
        on_epoch(epochs)
        return result | {"reused": True}
    untrained = evaluate(task, test, evaluation) if untrained_too else None
    trainer = Trainer(
        task,
        training_selector(settings, task.num_samples),
        epochs,
        settings.seed,
        folder,
        refresh_features=settings.refresh_features,
        describe_plan=lambda plan, epoch: {"same-class pairs": same_class_share(plan, task.labels)},
    )
    trainer.run(on_epoch)
    result = {
        "settings": settings.plain(),
        BEFORE: untrained,
        "trained": evaluate(task, test, evaluation),
        "batch losses": in_batch_losses(task) if untrained_too else {},
        "history": trainer.history,
        "timings": trainer.timings,
        "images": task.num_samples,
        "updates": epochs * task.steps_per_epoch,
    }
    write_result(folder / "result.json", identity, result)
    return result | {"reused": False}


def training_selector(settings: Settings, num_samples: int) -> BatchSelector:
    """Return what chooses the batches of a run on `num_samples` images; see `make_selector`."""
    s = settings
    return make_selector(s.method, num_samples, s.batch_size, s.temperature, s.k, s.candidates)
