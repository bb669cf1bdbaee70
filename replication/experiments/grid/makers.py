"""On what, and by which version of the code, a training was made: recorded for each call that worked on it."""

import json
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import torch

from replication.files import whole
from replication.reporting.provenance import git_state, hardware, source_hash
from replication.training.loop import Task

PACKAGES = ("torch", "torchvision", "timm", "open_clip_torch", "numpy", "scipy", "scikit-learn", "numba")


def note_maker(folder: Path, task: Task) -> list[dict]:
    """Add this process to those that worked on the training in `folder`, and return them all, each once, in their order."""
    made, path = [], folder / "made.json"
    with suppress(OSError, ValueError):
        made = [maker for maker in json.loads(path.read_text(encoding="utf-8")) if isinstance(maker, dict)]
    this = maker(task)
    if this not in made:
        made.append(this)
        with whole(path) as temporary:
            temporary.write_text(json.dumps(made), encoding="utf-8")
    return made


def maker(task: Task) -> dict:
    """Return device, its name, versions, commit and the hash of the training code, as plain values."""
    device = getattr(task, "device", torch.device("cpu")).type
    machine, state = hardware(), git_state()
    return {
        "device": device,
        "name": machine["gpu"] if device == "cuda" else machine["processor"],
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "commit": state["sha"] and state["sha"] + ("+changes" if state["dirty"] else ""),
        "code": source_hash(type(task).__module__)[:16],
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
