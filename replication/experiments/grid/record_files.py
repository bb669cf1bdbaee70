"""Records of finished trainings: small files in git, from which tables are made without training again.

A record is named <method>-<objective>-<seed>-<digest>.json. The digest stands for everything that trainings must share to be
compared: settings, data, evaluation, and the `PROTOCOL` of the training code, a number that is raised whenever its numerics
change. Where and by which version of the code a training was made is recorded, and does not matter.
"""

import hashlib
import json
import math
from pathlib import Path

from replication.experiments.grid.training import Record
from replication.files import file_name, shown
from replication.training.checkpoint import write_whole
from replication.training.settings import RunSettings

FOLDER, CHECKPOINTS = "records", "trainings"  # below a results folder; git holds the first only
NAMED = ("objective", "method", "seed")  # what tells the trainings of a grid apart

# What every record holds, and of what type it is; see `Record`.
FIELDS = {"settings": dict, "conditions": dict, "before": dict | None, "trained": dict, "batch losses": dict, "history": list}
FIELDS |= {"timings": list, "images": int, "updates": int, "seconds": int | float, "made": list}

Key = tuple[str, str, int]  # objective, method, seed


class RecordError(ValueError):
    """A record that cannot be used: one line that names the file and says why."""


def key_of(record: Record) -> Key:
    """Return (objective, method, seed) of a record."""
    return tuple(record["settings"][name] for name in NAMED)


def training_key(settings: RunSettings) -> Key:
    """Return (objective, method, seed) of a training."""
    return settings.objective, settings.method, settings.seed


def shared(settings: dict, conditions: dict) -> dict:
    """Return what trainings must agree on to be compared: settings but for `NAMED`, and conditions, which win."""
    return {name: value for name, value in settings.items() if name not in NAMED} | conditions


def record_path(folder: Path, settings: RunSettings, conditions: dict) -> Path:
    """Return the file of one training's record in a results folder."""
    digest = hashlib.sha256(json.dumps(shared(settings.identity(), conditions), sort_keys=True).encode()).hexdigest()[:8]
    name = file_name(f"{settings.method}-{settings.objective}-{settings.seed}")
    return folder / FOLDER / f"{name}-{digest}.json"


def write_record(path: Path, record: Record) -> Record:
    """Write a record, whole or not at all, and return it as it can be read: numbers with 10 significant digits, as in tables.

    Raises:
        CheckpointError: it cannot be written, as on a full disk.
    """
    kept = _rounded({name: value for name, value in record.items() if name in FIELDS})
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    write_whole(path, lambda file: file.write(f"{text}\n".encode()), "record")
    return kept | {name: value for name, value in record.items() if name not in FIELDS}


def read_record(path: Path) -> Record:
    """Return a record.

    Raises:
        RecordError: it is damaged, or lacks a field.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise RecordError(f"{shown(path)} is no record: {str(error).splitlines()[0]}") from None
    for name, kind in FIELDS.items():
        if not isinstance(record, dict) or name not in record or not isinstance(record[name], kind):
            raise RecordError(f"{shown(path)} is no record: it lacks {name!r}, or that is of another type")
    for name in NAMED:
        if not isinstance(record["settings"].get(name), int if name == "seed" else str):
            raise RecordError(f"{shown(path)} is no record: its settings lack {name!r}, or that is of another type")
    if any(not isinstance(value, int | float) for value in record["trained"].values()):
        raise RecordError(f"{shown(path)} is no record: 'trained' holds something else than numbers")
    return record


def differences(record: Record, settings: dict, conditions: dict) -> list[str]:
    """Return, in words, each thing in which a record differs from what trainings of a grid share; [] if it fits."""
    mine, theirs = shared(record["settings"], record["conditions"]), json.loads(json.dumps(shared(settings, conditions)))
    return [
        f"{name}={_short(mine.get(name))} (here {_short(theirs.get(name))})"
        for name in theirs | mine
        if mine.get(name) != theirs.get(name)
    ]


def gather(folders: list[Path], settings: dict, conditions: dict) -> tuple[dict[Key, Record], list[str]]:
    """Return the records in some results folders that fit, by (objective, method, seed), and lines on those left aside.

    All that a record says it took counts as "earlier seconds". Of two records of one training the first counts. Records of
    other settings lie there rightly; they get one line together.

    Args:
        folders: results folders; the first in which a record lies counts.
        settings, conditions: as in `shared`.
    """
    found: dict[Key, Record] = {}
    places: dict[Key, Path] = {}
    lines, others = [], 0
    for path in (path for folder in folders for path in sorted((folder / FOLDER).glob("[!.]*.json"))):
        try:
            record = read_record(path)
        except RecordError as error:
            lines.append(f"left aside: {error}")
            continue
        apart = differences(record, settings, conditions)
        if apart and all(text.startswith("protocol=") for text in apart):
            lines.append(f"left aside: {shown(path)} was made by another protocol: {apart[0]}")
        elif apart:
            others += 1
        elif key_of(record) not in found:
            found[key_of(record)] = record | {"earlier seconds": record["seconds"]}
            places[key_of(record)] = path
        elif path.name != places[key_of(record)].name:
            lines.append(f"left aside: {shown(path)} is of the same training as {shown(places[key_of(record)])}")
    if others:
        lines.append(f"left aside: {others} record{'' if others == 1 else 's'} of other settings, data or evaluations")
    return found, lines


def _short(value) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _rounded(value):
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else value
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value
