"""What, beside its settings, decides a pre-training run and its measures: by this, records and checkpoints fit together."""

from pathlib import Path

from replication.datasets import checksums, corrupted_gallery, load_image_set
from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.pretraining import PROTOCOL, training_images
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.record_files import CHECKPOINTS
from replication.experiments.grid.side_by_side import run_folder


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
