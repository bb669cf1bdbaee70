"""What, beside its settings, decides a fine-tuning and its measures: by this, records and checkpoints fit together."""

from pathlib import Path

from replication.clip.finetuning import PROTOCOL
from replication.clip.settings import Settings
from replication.clip.starting import file_digests
from replication.datasets.pairs import PAIR_PARAMETERS, pair_checksums
from replication.experiments.grid.record_files import CHECKPOINTS, shared
from replication.experiments.grid.side_by_side import run_folder


def conditions_of(settings: Settings, samples: int, tests: int, first: dict) -> dict:
    """Return what, beside the settings, decides a record: data, weights, first stage, number of images, protocol."""
    data = pair_checksums(**{name: getattr(settings, name) for name in PAIR_PARAMETERS})
    files = file_digests(settings)
    conditions = {"experiment": "clip", "samples": samples, "data": data, "protocol": PROTOCOL} | files
    conditions |= {"evaluation": {"test images": tests}}
    # The first stage is known by what it does, not by its file, which holds seconds as well.
    return conditions | {"start": {"method": "SGD", "objective": "clip"} | first if first else ""}


def shared_by_records(parameters: dict) -> tuple[dict, dict]:
    """Return the settings and conditions that records must have to fit these parameters of the notebook."""
    p = parameters
    settings = Settings(method="SGD", objective=p["objectives"][0], **Settings.common(p))
    samples, tests = len(settings.load("train").head(settings.images)), len(settings.load("test").head(p["test_images"]))
    first = {"epochs": p["first_epochs"], "lr": p["first_lr"]} if p["first_epochs"] else {}
    return settings.identity(), conditions_of(settings, samples, tests, first)


def stage_folder(folder: Path, settings: Settings, conditions: dict) -> Path:
    """Return the folder of the first stage of a seed."""
    identity = shared(settings.identity(), provenance_of(conditions)) | {"seed": settings.seed}
    return run_folder(folder / CHECKPOINTS, f"first-{settings.seed}", identity | {"start": ""})


def training_folder(folder: Path, settings: Settings, conditions: dict) -> Path:
    """Return the folder of one fine-tuning's checkpoint, which no evaluation changes."""
    return run_folder(folder / CHECKPOINTS, settings.name, settings.identity() | provenance_of(conditions))


def provenance_of(conditions: dict) -> dict:
    """Return those conditions that a checkpoint must agree on."""
    return {name: value for name, value in conditions.items() if name not in ("experiment", "samples", "evaluation")}
