"""Checkpoints that are written whole or not at all, and refused with a reason where they do not fit."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import torch

from replication.files import whole


class CheckpointError(RuntimeError):
    """A checkpoint cannot be written, cannot be read, or belongs to another run: one line says which and why."""


def save_checkpoint(path: Path, state: dict) -> None:
    """Write `state` to `path`, in place of an earlier checkpoint only once it lies complete on the disk.

    Raises:
        CheckpointError: it cannot be written, as on a full disk; the earlier checkpoint is still there.
    """
    write_whole(path, lambda file: torch.save(state, file), "checkpoint")


def write_whole(path: Path, write: Callable[[BinaryIO], object], what: str) -> None:
    """Call `write` with a new file that takes the place of `path` once it lies complete on the disk.

    Only one process at a time may write to a path: what killed ones left half-written beside it is removed.

    Raises:
        CheckpointError: it cannot be written; the `what` that was there before is kept.
    """
    try:
        for left in path.parent.glob(f".{path.name}.*.tmp"):
            left.unlink(missing_ok=True)
        with whole(path) as temporary, open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, RuntimeError) as error:  # torch's own writer reports a full disk as a RuntimeError
        kept = f"; the {what} before it is kept" if path.exists() else ""
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise CheckpointError(f"{what} {path} cannot be written: {reason}{kept}") from None


def load_checkpoint(path: Path, device: str | torch.device = "cpu") -> dict | None:
    """Return the state that `save_checkpoint` wrote, its tensors on `device`, or None if there is no such file.

    Only tensors and plain values are read, never code.

    Raises:
        CheckpointError: the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        reason = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])[:60]
        raise CheckpointError(f"checkpoint {path} is damaged ({reason}); delete it to begin this run anew") from None


def check_identity(path: Path, saved: dict, expected: dict) -> None:
    """Check that a checkpoint was made by the run that wants to continue from it.

    Raises:
        CheckpointError: some entries differ; the first of them are named with both values.
    """
    differing = [name for name in expected | saved if saved.get(name) != expected.get(name)]
    if differing:
        shown = ", ".join(f"{name}={saved.get(name)!r} (here {expected.get(name)!r})" for name in differing[:3])
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        raise CheckpointError(f"checkpoint {path} belongs to another run: it has {shown}{more}; choose another folder")
