"""What a sweep varies, and what it has found so far, as it lies on the disk.

A sweep is described by a file, by default notebooks/sweeps/<experiment>.yaml:

    vary:                                   # see replication.tuning.Space
      lr: 0.01 to 0.3, log
      hardness: 0 to 1
    set:                                    # other parameters, in which {hardness} stands for its value
      methods: [SGD, "SwapSearch, hardness {hardness}"]
    table: runs                             # a table of the notebook with a row for each seed,
    rows: {selector: "SwapSearch, hardness {hardness}"}
    column: kNN                             # its rows and its column that count
    goal: largest                           # or smallest

Its folder holds, for each setting that was chosen, <number>.json with the setting and the rule that chose it, and its results
in <number>/, with a run.json once it is finished. Nothing else is remembered.
"""

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch

from replication.files import shown, whole
from replication.parameters.files import read_values
from replication.reporting.notebooks import UsageError, resolve
from replication.reporting.run_record import RecordError, read_record
from replication.tuning import Space

EXAMPLES = {"vary": {}, "set": {}, "table": "", "rows": {}, "column": "", "goal": ""}
GOALS = ("largest", "smallest")


@dataclass
class Tried:
    """One setting that a sweep chose: its number, the rule, and, once finished, its values, one for each seed."""

    number: int
    rule: str
    setting: dict
    values: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ""

    @property
    def finished(self) -> bool:
        """Whether there are values."""
        return bool(self.values)


@dataclass(frozen=True)
class Description:
    """What a sweep varies and what it looks at; make it with `read_description`.

    Attributes:
        experiment, profile: what is run.
        known: all its parameters.
        space: what is varied.
        others: parameters that are set, with placeholders.
        table, rows, column: where the number is that counts; rows with placeholders.
        goal: "largest" or "smallest".
    """

    experiment: str
    profile: str
    known: tuple[str, ...]
    space: Space
    others: dict
    table: str
    rows: dict
    column: str
    goal: str

    def overrides(self, setting: dict) -> dict:
        """Return the parameters that a setting sets, by name, as texts and lists of texts."""
        direct = {name: written(value) for name, value in setting.items() if name in self.known}
        return direct | {name: filled(value, setting) for name, value in self.others.items()}

    def parameters(self, setting: dict) -> dict:
        """Return all parameters of a setting's run but for its results folder; UsageError for what cannot work."""
        _, parameters = resolve(self.experiment, self.profile, self.overrides(setting))
        return {name: value for name, value in parameters.items() if name != "results_dir"}

    def values(self, folder: Path, setting: dict) -> list[float]:
        """Return the numbers that count of a finished run, one for each seed.

        Raises:
            UsageError: the table, its column or its rows are not there, or a number is missing.
        """
        path = folder / "tables" / f"{self.table}.csv"
        if not path.is_file():
            there = ", ".join(sorted(path.stem for path in path.parent.glob("[!.]*.csv")))
            raise UsageError(f"table {self.table!r} must be one of those that {shown(folder)} holds: {there}")
        frame = pd.read_csv(path)
        for name in (self.column, *self.rows):
            if name not in frame:
                raise UsageError(f"column {name!r} must be one of those of {shown(path)}: {', '.join(frame)}")
        for name, value in self.rows.items():
            frame = frame[frame[name].astype(str) == filled(value, setting)]
        if frame.empty:
            raise UsageError(
                f"{shown(path)} has no row with {', '.join(f'{n}={filled(v, setting)}' for n, v in self.rows.items())}"
            )
        numbers = pd.to_numeric(frame[self.column], errors="coerce")
        if not numbers.abs().lt(math.inf).all():
            raise UsageError(f"column {self.column!r} of {shown(path)} must hold finite numbers")
        return numbers.groupby(frame["seed"]).mean().tolist() if "seed" in frame else [float(numbers.mean())]


def read_description(experiment: str, profile: str, file: Path) -> Description:
    """Return what a file says of a sweep, checked as far as can be without running anything.

    Raises:
        UsageError: in one line, what cannot work; the file is not there; a parameter or a placeholder is not known.
    """
    _, defaults = resolve(experiment, profile)
    try:
        found = {"set": {}, "rows": {}, "goal": GOALS[0]} | read_values(file, EXAMPLES)
        for name in ("vary", "table", "column"):
            if not found.get(name):
                raise ValueError(f"{shown(file)} must also give {name}")
        if found["goal"] not in GOALS:
            raise ValueError(f"{shown(file)}: goal={found['goal']!r} must be {' or '.join(GOALS)}")
        space = Space(found["vary"])
    except FileNotFoundError:
        raise UsageError(
            f"--space {shown(file)} must be a file that exists; see replication/reporting/sweep_records.py"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(str(error)) from None
    used = set(re.findall(r"\{(\w+)\}", json.dumps(found["set"])))
    for name in space.names:
        if name in found["set"] or name in ("profile", "results_dir"):
            raise UsageError(f"{shown(file)}: {name!r} must not be varied: it is set")
        if name not in defaults and name not in used:
            raise UsageError(f"{shown(file)}: {name!r} must be a parameter of {experiment}, or stand in set as {{{name}}}")
    parts = (found[name] for name in ("set", "table", "rows", "column", "goal"))
    description = Description(experiment, profile, tuple(defaults), space, *parts)
    for ends in (0.0, 1.0):  # what cannot work should not show after an hour
        (setting,) = space.settings(torch.full((1, len(space.names)), ends))
        description.parameters(setting)
        filled(list(found["rows"].values()), setting)
    return description


def read_tried(folder: Path, description: Description) -> tuple[list[Tried], list[int], int]:
    """Return the settings of a sweep's folder that fit, finished or not, by number.

    Returns:
        (tried, others, last): settings of this description; the numbers of those that another description, other parameters
        or a damaged file keep apart; and the largest number of all, 0 if there is none.

    Raises:
        UsageError: a finished run lacks the number that counts.
    """
    tried, others, last = [], [], 0
    for path in sorted(folder.glob("[0-9]*.json"), key=lambda path: int(path.stem)):
        last, each = int(path.stem), _read_plan(path)
        if each is not None and _fits(description, each.setting, folder / path.stem):
            read_result(folder, description, each)
            tried.append(each)
        else:
            others.append(last)
    return tried, others, last


def read_result(folder: Path, description: Description, each: Tried) -> None:
    """Put into a setting what its run has found, if it is finished; UsageError if the number that counts is not there."""
    place = folder / f"{each.number:03d}"
    record = read_record(place)
    if record is not None:
        each.values, each.seconds = description.values(place, each.setting), record["wall_seconds"]


def write_plan(folder: Path, each: Tried) -> None:
    """Write what was chosen, and whether it failed, to <number>.json."""
    plan = {"rule": each.rule, "setting": each.setting} | ({"failed": each.failed} if each.failed else {})
    with whole(folder / f"{each.number:03d}.json") as temporary:
        temporary.write_text(json.dumps(plan, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _fits(description: Description, setting: dict, place: Path) -> bool:
    """Return whether a setting lies in the space, and its run, if there is one, had the parameters of this description."""
    try:
        description.space.points([setting])
        record = read_record(place)
    except (RecordError, ValueError):
        return False
    if record is None:
        return True
    mine = {name: value for name, value in record["parameters"].items() if name != "results_dir"}
    return mine == description.parameters(setting)


def filled(value, setting: dict):
    """Return a text, or a list or mapping of texts, with {name} replaced by the value of `name`; UsageError if it has none."""
    if isinstance(value, list):
        return [filled(each, setting) for each in value]
    if isinstance(value, dict):
        return {name: filled(each, setting) for name, each in value.items()}

    def value_of(found: re.Match) -> str:
        """Return what stands for a placeholder."""
        if found[1] not in setting:
            raise UsageError(f"{found[0]} in {value!r} must be one of the varied {', '.join(setting)}")
        return written(setting[found[1]])

    return re.sub(r"\{(\w+)\}", value_of, value)


def written(number: float) -> str:
    """Return a number as `--set` takes it: 0.25, 1e-05, 16."""
    return f"{number:g}" if isinstance(number, float) else str(number)


def _read_plan(path: Path) -> Tried | None:
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        return Tried(int(path.stem), plan["rule"], dict(plan["setting"]), failed=plan.get("failed", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
