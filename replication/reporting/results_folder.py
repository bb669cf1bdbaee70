"""The folder of a run's results: whether a run may write there, and how a finished one takes the place of an earlier one."""

import os
import shutil
from pathlib import Path

from replication.reporting.folder_lock import writer
from replication.reporting.run_record import RecordError, files_below, read_record

# The kinds of files that a run writes into each of its folders.
GENERATED = {"tables": ("csv", "md", "tex"), "figures": ("png", "svg"), "timings": ("csv", "md")}


def check_results_folder(target: Path) -> None:
    """Raise one clear line if a run cannot put its results into `target`."""
    if target.is_file():
        raise ValueError(f"results_dir={target} is a file; it must be a folder")
    if target.is_dir() and not (target / "run.json").is_file() and any(path.is_file() for path in target.iterdir()):
        raise ValueError(f"results_dir={target} holds files but no run.json; choose another folder or empty this one")
    existing = next(folder for folder in (target, *target.parents) if folder.exists())
    if not existing.is_dir():
        raise PermissionError(f"results_dir={target} cannot be written: {existing} is a file")
    if not os.access(existing, os.W_OK):
        raise PermissionError(f"results_dir={target} cannot be written: no permission in {existing}")
    other = writer(target)
    if other:
        raise ValueError(f"results_dir={target} is being written by {other}; wait for it or choose another folder")


def promote(folder: Path, target: Path) -> None:
    """Move a complete run from `folder` to `target`, removing what an earlier run left there.

    The old run.json goes first and the new one comes last, so a folder with a run.json is always one whole run. Subfolders
    of other runs (results/local/<experiment>/<profile>) are left alone.
    """
    target.mkdir(parents=True, exist_ok=True)
    old = _files_of_run(target)
    (target / "run.json").unlink(missing_ok=True)
    for name in old:
        (target / name).unlink(missing_ok=True)
    for path in sorted(files_below(folder), key=lambda path: path.name == "run.json"):
        place = target / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)
    shutil.rmtree(folder)


def _files_of_run(target: Path) -> list[Path]:
    """Return the files that the run in a results folder wrote; if its run.json is damaged, all that look like one's."""
    try:
        return list((read_record(target) or {"files": []})["files"])
    except RecordError:
        places = [f"{folder}/*.{suffix}" for folder, suffixes in GENERATED.items() for suffix in suffixes]
        return [path for place in (*places, "claims.csv", "timings.csv") for path in target.glob(place)]
