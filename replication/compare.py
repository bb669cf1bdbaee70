"""Compare the tables of local runs with the committed ones: what a stranger's `make replicate` ends with."""

from pathlib import Path

import numpy as np
import pandas as pd

from replication.paths import project_root
from replication.results import read_record

TOLERANCE = 1e-6  # relative; below it differences are those of another processor's rounding


def compare_tables(local: Path, committed: Path) -> str | None:
    """Return None if two CSV tables are byte-identical, else one line that says how much they differ, and where.

    Numbers count as equal within a relative 1e-6, or an absolute 1e-12.
    """
    if local.read_bytes() == committed.read_bytes():
        return None
    ours, theirs = pd.read_csv(local), pd.read_csv(committed)
    if list(ours.columns) != list(theirs.columns) or len(ours) != len(theirs):
        return f"another shape: {ours.shape[0]} x {ours.shape[1]} here, {theirs.shape[0]} x {theirs.shape[1]} committed"
    worst, place, count = 0.0, "", 0
    for column in ours.columns:
        x, y = ours[column], theirs[column]
        if pd.api.types.is_numeric_dtype(x) and pd.api.types.is_numeric_dtype(y):
            x, y = x.to_numpy(float), y.to_numpy(float)
            with np.errstate(invalid="ignore"):  # infinity minus infinity
                difference = np.abs(x - y)
                gap = difference / np.maximum(np.maximum(np.abs(x), np.abs(y)), 1e-300)
            gap[(x == y) | (difference < 1e-12) | (np.isnan(x) & np.isnan(y))] = 0
            gap[np.isnan(gap)] = np.inf
        else:
            gap = np.where(x.astype(str) == y.astype(str), 0.0, np.inf)
        count += int((gap > TOLERANCE).sum())
        if gap.max() > worst:
            row = int(gap.argmax())
            worst, place = gap.max(), f"row {row + 1}, {column!r}: {ours[column][row]} here, {theirs[column][row]} committed"
    if count == 0:
        return f"equal within {TOLERANCE:g} (rounding)"
    return f"{count} cells differ; most at {place}"


def compare_all(profile: str = "default") -> list[str]:
    """Return one line for each table of the local runs of a profile, compared with the committed tables."""
    root = project_root()
    lines = []
    for local in sorted((root / "results" / "local").glob(f"*/{profile}")):
        if read_record(local) is None:
            continue
        experiment = local.parent.name
        committed = root / "results" / experiment / profile
        if read_record(committed) is None:
            lines.append(f"{experiment}: no committed run of this profile to compare with")
            continue
        same = 0
        ours = {path.name for path in (local / "tables").glob("[!.]*.csv")}
        theirs = {path.name for path in (committed / "tables").glob("[!.]*.csv")}
        for name in sorted(ours | theirs):
            if name not in ours or name not in theirs:
                lines.append(f"{experiment}: {name} exists only {'here' if name in ours else 'in the committed results'}")
                continue
            difference = compare_tables(local / "tables" / name, committed / "tables" / name)
            if difference is None:
                same += 1
            else:
                place = f"{(local / 'tables' / name).relative_to(root)} against {committed.relative_to(root)}"
                lines.append(f"{experiment}: {name}: {difference} ({place})")
        lines.append(f"{experiment}: {same} of {len(ours)} tables byte-identical with the committed ones")
    return lines or [f"no local run of profile {profile!r} to compare"]
