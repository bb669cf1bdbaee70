"""What a sweep has found so far, as it lies on the disk.

Its folder holds, for each setting that was chosen, <number>.json with the setting and the rule that chose it, and its results
in <number>/, with a run.json once it is finished. Nothing else is remembered.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from replication.files import whole
from replication.reporting.run_record import RecordError, read_record
from replication.reporting.sweep_description import Description
from replication.tuning import mean_and_noise

FIRST, LEARNING, RANDOM = "first", "TS-RSR", "random"  # which rule chose a setting
SHOWN = 5


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


def tabulate(description: Description, tried: list[Tried]) -> pd.DataFrame:
    """Return a row for each finished setting, the best first: number, rule, its values, mean, standard error, n, seconds."""
    finished = [each for each in tried if each.finished]
    if not finished:
        return pd.DataFrame(columns=["number", "rule", *description.space.names, "mean", "standard error", "n", "seconds"])
    means, noise = mean_and_noise([each.values for each in finished])
    rows = [
        {"number": each.number, "rule": each.rule}
        | each.setting
        | {"mean": mean, "n": len(each.values)}
        | {"seconds": each.seconds}
        for each, mean in zip(finished, means, strict=True)
    ]
    table = pd.DataFrame(rows)
    table.insert(table.columns.get_loc("n"), "standard error", np.nan if noise is None else np.sqrt(noise))
    return table.sort_values("mean", ascending=description.goal == "smallest", kind="stable").reset_index(drop=True)


def in_words(description: Description, table: pd.DataFrame) -> list[str]:
    """Return what a sweep has found so far, in lines: the best settings, and what each rule found with how many."""
    if table.empty:
        return ["no setting is finished yet"]
    lines = [f"{description.goal} {description.column}, of {len(table)} settings:"]
    lines.append(table.head(SHOWN).to_string(index=False, float_format="{:.4g}".format))
    for rule in (LEARNING, RANDOM):
        mine = table[table.rule.isin([FIRST, rule])]
        if len(mine):
            own = int((mine.rule == rule).sum())
            lines.append(f"first settings and {own} of {rule}: {mine['mean'].iloc[0]:.4g} (number {mine.number.iloc[0]})")
    lines.append("the best of many looks better than it is: run it again with seeds that this sweep has not used")
    return lines


def _read_plan(path: Path) -> Tried | None:
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        return Tried(int(path.stem), plan["rule"], dict(plan["setting"]), failed=plan.get("failed", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
