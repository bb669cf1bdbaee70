"""What a sweep varies and what it looks at: a file, by default notebooks/sweeps/<experiment>.yaml.

vary:                                   # see replication.tuning.Space
  lr: 0.01 to 0.3, log
  hardness: 0 to 1
set:                                    # other parameters, in which {hardness} stands for its value
  methods: [SGD, "SwapSearch, hardness {hardness}"]
table: runs                             # a table of the notebook with a row for each seed,
rows: {selector: "SwapSearch, hardness {hardness}"}
column: kNN                             # its rows and its column that count
goal: largest                           # or smallest
"""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from replication.files import shown
from replication.parameters.files import read_values
from replication.reporting.notebooks import UsageError, resolve
from replication.tuning import Space

EXAMPLES = {"vary": {}, "set": {}, "table": "", "rows": {}, "column": "", "goal": ""}
GOALS = ("largest", "smallest")


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
            f"--space {shown(file)} must be a file that exists; see replication/reporting/sweep_description.py"
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
