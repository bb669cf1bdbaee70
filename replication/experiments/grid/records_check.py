"""Whether records that were made elsewhere fit a profile of this checkout, and why not."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from replication.experiments.grid.record_files import FOLDER, RecordError, differences, key_of, read_record
from replication.experiments.grid.training import Record
from replication.files import shown

SHOWN = 3  # differences that a line names


def check_folder(folder: Path, known: dict[str, dict[str, dict]]) -> tuple[list[str], bool]:
    """Return a line on each record in a folder, and whether all of them fit a profile.

    Args:
        folder: a results folder, or the records/ in it.
        known: all parameters, by experiment and profile.
    """
    place = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    paths = sorted(place.glob("[!.]*.json"))
    if not paths:
        return [f"{shown(place)} holds no records"], False
    wanted: dict[str, dict[str, tuple[dict, dict] | str]] = {}
    lines, good, seen = [], True, {}
    for path in paths:
        try:
            record = read_record(path)
        except RecordError as error:
            lines.append(str(error))
            good = False
            continue
        experiment = record["conditions"].get("experiment")
        if experiment not in wanted:
            wanted[experiment] = {
                name: _shared(experiment, parameters) for name, parameters in known.get(experiment, {}).items()
            }
        line, fits = _one(path, record, wanted[experiment])
        twin = seen.setdefault((experiment, *key_of(record), line.partition(" fits ")[2]), path)
        if fits and twin != path:
            line, fits = f"{shown(path)} is of the same training as {shown(twin)}; keep one of them", False
        lines.append(line)
        good &= fits
    return lines, good


def _shared(experiment: str, parameters: dict) -> tuple[dict, dict] | str:
    """Return what records of a profile share, or why that cannot be said here, as when its data are missing."""
    package = f"replication.experiments.{experiment}"
    if not find_spec(package) or not find_spec(f"{package}.conditions"):
        return f"{experiment} trains no networks"
    try:
        return import_module(f"{package}.conditions").shared_by_records(parameters)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        return str(error)


def _one(path: Path, record: Record, wanted: dict[str, tuple[dict, dict] | str]) -> tuple[str, bool]:
    objective, method, seed = key_of(record)
    name, what = shown(path), f"{record['conditions'].get('experiment')}: {method}, {objective}, seed {seed}"
    apart = {profile: differences(record, *shared) for profile, shared in wanted.items() if not isinstance(shared, str)}
    fitting = [profile for profile, found in apart.items() if not found]
    if fitting:
        return f"{name} ({what}) fits {', '.join(fitting)}", True
    unknown = [f"{profile} ({shared})" for profile, shared in wanted.items() if isinstance(shared, str)]
    if not apart:
        reason = f"no profile can be compared with it: {'; '.join(unknown)}" if unknown else "there is no such experiment here"
        return f"{name} ({what}) cannot be checked: {reason}", False
    nearest = min(apart, key=lambda profile: len(apart[profile]))
    more = f" and {len(apart[nearest]) - SHOWN} more" if len(apart[nearest]) > SHOWN else ""
    line = f"{name} ({what}) fits no profile; {nearest} is the nearest: {', '.join(apart[nearest][:SHOWN])}{more}"
    return line + (f"; not compared with {', '.join(unknown)}" if unknown else ""), False
