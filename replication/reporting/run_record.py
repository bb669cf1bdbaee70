"""run.json: the record of a finished run, with the SHA-256 of every file that the run wrote."""

import json
from pathlib import Path, PurePosixPath

from replication.files import sha256, shown, whole

# What commands read of a record, and of what type it must be.
FIELDS = {"notebook": str, "key": str, "parameters": dict, "files": dict, "wall_seconds": int | float}
FIELDS |= {"hardware": dict, "git": dict}
PARTS = {"hardware": ("gpu", "cores", "processor"), "git": ("sha",)}


class RecordError(ValueError):
    """A run.json that cannot be read, or files that differ from it: one line that names the file and says what to do."""


def write_record(folder: Path, record: dict) -> None:
    """Write run.json with the SHA-256 of every other file in the folder."""
    names = sorted(path.relative_to(folder).as_posix() for path in files_below(folder) if path.name != "run.json")
    replace_record(folder, record | {"files": {name: sha256(folder / name) for name in names}})


def replace_record(folder: Path, record: dict) -> None:
    """Put `record` into the place of the folder's run.json, whole or not at all."""
    with whole(folder / "run.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_record(folder: Path) -> dict | None:
    """Return the run.json of a results folder, or None if there is no complete run in it.

    Raises:
        RecordError: it is damaged, as after a merge conflict.
    """
    path = folder / "run.json"
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(path, f"no JSON: {error}") from None
    for name, kind in FIELDS.items():
        if not isinstance(record, dict) or not isinstance(record.get(name), kind):
            raise _damaged(path, f"it lacks {name!r}")
        if any(part not in record[name] for part in PARTS.get(name, ())):
            raise _damaged(path, f"{name!r} lacks some of {', '.join(PARTS[name])}")
    for name, digest in record["files"].items():
        inside = not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
        if not inside or not isinstance(digest, str):
            raise _damaged(path, f"'files' holds {name!r}")
    return record


def _damaged(path: Path, reason: str) -> RecordError:
    return RecordError(f"{shown(path)} is damaged ({reason}); run the notebook again, or restore the file from git")


def changed_files(folder: Path, record: dict) -> list[str]:
    """Return the files of a record that are missing or differ from it; of the executed notebook counts only that it is there.

    JupyterLab changes a notebook that somebody opens to look at it; results depend on none.
    """
    notebook = f"{record['notebook']}.ipynb"
    return [
        name
        for name, digest in record["files"].items()
        if not (folder / name).is_file() or (name != notebook and sha256(folder / name) != digest)
    ]


def check_files(folder: Path, record: dict) -> None:
    """Raise RecordError if `changed_files` finds any."""
    changed = changed_files(folder, record)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise RecordError(
            f"{shown(folder / changed[0])}{more} is missing or not what its run wrote (see run.json);"
            " run the notebook again, or restore the file from git"
        )


def verify(folder: Path) -> list[str]:
    """Return the files of a results folder that are missing or differ from the SHA-256 in its run.json."""
    try:
        record = read_record(folder)
    except RecordError:
        record = None
    if record is None:
        return ["run.json"]
    return [
        name for name, digest in record["files"].items() if not (folder / name).is_file() or sha256(folder / name) != digest
    ]


def files_below(folder: Path) -> list[Path]:
    """Return all files in a folder and below, less the ._ files that macOS adds on some disks."""
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("._")]
