"""Compare local runs with the committed ones: what a stranger's `make replicate` ends with."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from replication.files import project_root
from replication.reporting import rounding
from replication.reporting.run_record import check_files, read_record
from replication.reporting.table_comparison import DIFFERS, IDENTICAL, RULE, STATES, compare_tables

SHOWN = 5  # lines about one table; the first is the worst


@dataclass
class Compared:
    """One local run beside the committed one: the verdicts that agree, those that do not, and the tables by state."""

    experiment: str
    verdicts: int = 0
    turned: list[str] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    machines: str = ""
    not_compared: str = ""

    @property
    def state(self) -> str:
        """The state of the worst table."""
        return next((state for state in reversed(STATES) if self.tables.get(state)), IDENTICAL)

    @property
    def agrees(self) -> bool:
        """Whether no verdict turned and no number differs beyond the noise of the seeds."""
        return not self.turned and self.state != DIFFERS

    def summary(self) -> str:
        """Return the one line of this experiment."""
        if self.not_compared:
            return f"{self.experiment}: not compared: {self.not_compared}"
        counts = ", ".join(f"{self.tables[state]} {state}" for state in STATES if self.tables.get(state))
        return f"{self.experiment}: {self.state} ({self.verdicts} verdicts; of {sum(self.tables.values())} tables {counts})"


def compare_run(experiment: str, local: Path, committed: Path) -> Compared:
    """Compare a finished local run with the committed run of the same profile, by folder.

    Raises:
        RecordError: a run.json, or a file that it lists, is damaged.
    """
    found = Compared(experiment)
    here, there = read_record(local), read_record(committed)
    if there is None:
        found.not_compared = "no committed run of this profile"
        return found
    other = _other_parameters(here["parameters"], there["parameters"])
    if other:
        found.not_compared = f"its parameters are others ({other})"
        return found
    for folder, record in ((local, here), (committed, there)):
        check_files(folder, record)
    ours, theirs = (_verdicts(folder) for folder in (local, committed))
    for claim in dict.fromkeys([*theirs, *ours]):
        pair = [verdicts.get(claim, "none") for verdicts in (ours, theirs)]
        found.verdicts += 1
        if pair[0] != pair[1]:
            found.turned.append(f"{experiment}: {claim}: {pair[0]!r} here, {pair[1]!r} committed ({local / 'claims.csv'})")
    names = sorted({path.stem for folder in (local, committed) for path in (folder / "tables").glob("[!.]*.csv")})
    for name, agreement in compare_tables(names, local / "tables", committed / "tables", here.get("tables", {})).items():
        found.tables[agreement.state] = found.tables.get(agreement.state, 0) + 1
        shown = agreement.lines[:SHOWN] if agreement.state == DIFFERS else []
        found.lines += [f"{experiment}: {name}: {line}" for line in shown]
        if len(agreement.lines) > len(shown) > 0:
            found.lines.append(f"{experiment}: {name}: and {len(agreement.lines) - len(shown)} more")
    found.machines = rounding.difference(here.get("rounding"), there.get("rounding"))
    return found


def compare_all(profile: str = "default") -> list[Compared]:
    """Compare every finished local run of a profile with the committed one."""
    root = project_root()
    folders = [folder for folder in sorted((root / "results" / "local").glob(f"*/{profile}")) if read_record(folder)]
    return [compare_run(folder.parent.name, folder, root / "results" / folder.parent.name / profile) for folder in folders]


def report(compared: list[Compared], profile: str = "default") -> tuple[list[str], bool]:
    """Return the lines to print, the conclusion last, and whether all that was compared agrees."""
    measured = [run for run in compared if not run.not_compared]
    if not measured:
        lines = [run.summary() for run in compared]
        return [*lines, f"Conclusion: no local run of profile {profile!r} to compare."], True
    turned = [line for run in measured for line in run.turned]
    verdicts = sum(run.verdicts for run in measured)
    lines = [f"{verdicts - len(turned)} of {verdicts} verdicts agree with the committed ones.", *turned, ""]
    lines += [run.summary() for run in compared]
    lines += [line for run in measured for line in run.lines]
    machines = dict.fromkeys(run.machines for run in measured if run.machines)
    notes = [f"The committed runs were {text}." for text in machines]
    if any(run.state != IDENTICAL for run in measured):
        notes.append(RULE)
    conclusion = _conclusion(measured, len(turned), verdicts, len(compared) - len(measured))
    return [*lines, *([""] if notes else []), *notes, "", conclusion], all(run.agrees for run in measured)


def _conclusion(measured: list[Compared], turned: int, verdicts: int, left_out: int) -> str:
    """Return the last line: what a stranger may quote."""
    states = {state: sum(run.state == state for run in measured) for state in STATES}
    counts = ", ".join(f"{count} {state}" for state, count in (states | {"not compared": left_out}).items() if count)
    if all(run.agrees for run in measured):
        return (
            f"Conclusion: this machine comes to the same conclusions: all {verdicts} verdicts agree, and no number differs"
            f" beyond rounding or the noise of the seeds ({len(measured)} experiments: {counts})."
        )
    names = ", ".join(run.experiment for run in measured if not run.agrees)
    return (
        f"Conclusion: this machine does NOT come to the same conclusions: {turned} of {verdicts} verdicts turned;"
        f" experiments: {counts}. Look at the lines above about {names}, and at both run.json for versions and kernels."
    )


def _verdicts(folder: Path) -> dict[str, str]:
    path = folder / "claims.csv"
    return dict(pd.read_csv(path, keep_default_na=False)[["claim", "verdict"]].to_numpy()) if path.is_file() else {}


def _other_parameters(here: dict, there: dict) -> str:
    """Return in words which parameters differ, the place of the results apart."""
    names = [name for name in here if name in there and name != "results_dir"]  # one that is new cannot differ
    return "; ".join(f"{name} {here[name]!r} here, {there[name]!r} committed" for name in names if here[name] != there[name])
