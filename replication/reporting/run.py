"""The one place that writes results: tables, figures and claims, with the provenance of the run that made them.

A notebook does

    run = start_run("03_synthetic", notebook_parameters(globals()))
    run.table("final", frame, "Distance to the optimum after the last epoch")
    run.figure("figure3", figure)
    run.claim("figure-3", HOLDS, "evidence in one line, with the number", table="final")
    run.finish()
    print(run.written())

and gets, in `results_dir`, `tables/*.csv|md|tex`, `figures/*.png|svg`, `claims.csv`, `timings.csv` and, last, `run.json`:
a folder with a run.json is complete. Everything is written to a temporary folder beside it first.
"""

import re
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import matplotlib.pyplot as plt
import pandas as pd

from replication.files import committed_results, shown, within_project
from replication.reporting import provenance, rounding
from replication.reporting.folder_lock import FolderLock
from replication.reporting.results_folder import check_results_folder, promote
from replication.reporting.run_record import write_record
from replication.reporting.written_tables import latex_table, markdown_page
from replication.validation import check_choice

HOLDS = "holds"
CAVEAT = "holds with a caveat"
FAILS = "does not hold"
FAILS_HERE = "does not hold at this size"
UNTESTED = "not tested yet"
UNTESTABLE = "cannot be tested at this size"
VERDICTS = (HOLDS, CAVEAT, FAILS, FAILS_HERE, UNTESTED, UNTESTABLE)


def notebook_parameters(namespace: dict) -> dict:
    """Return the parameters of the notebook whose `globals()` are given.

    Call it in the first cell after the tagged `parameters` cell (papermill injects its values between the two), before
    anything else is assigned: then the plain values in the namespace are exactly the parameters. Names with capitals are
    left out: they are constants that the cell imported, and IPython's own.
    """
    plain = bool | int | float | str | list | dict | None
    return {
        name: value
        for name, value in namespace.items()
        if not name.startswith("_") and name.islower() and isinstance(value, plain)
    }


def start_run(notebook: str, parameters: dict, data: dict | None = None) -> "Run":
    """Begin to collect the results of one notebook run.

    Args:
        notebook: stem of the notebook, e.g. "01_theory"; the experiment's name is what follows the number.
        parameters: all its parameters; `results_dir` (default results/local/<experiment>) and `profile` among them.
        data: checksums of the data sets that were read, by name.

    Raises:
        ValueError: the results folder holds files that are not a run's, or another process is writing there.
        PermissionError: it cannot be written.
    """
    experiment = notebook.split("_", 1)[1]
    target = within_project(parameters.get("results_dir") or f"results/local/{experiment}")
    return Run(notebook, experiment, target, parameters, data or {})


class Run:
    """One run's results while they are made; see the module's docstring. Make it with `start_run`."""

    def __init__(self, notebook: str, experiment: str, target: Path, parameters: dict, data: dict):
        check_results_folder(target)
        self.notebook, self.experiment, self.target, self.parameters, self.data = (
            notebook,
            experiment,
            target,
            parameters,
            data,
        )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(target)
            for other in target.parent.iterdir():
                if other.name.startswith(f".{target.name}.partial-"):
                    shutil.rmtree(other, ignore_errors=True)  # left by a run that was killed
            self.folder = target.parent / f".{target.name}.partial-{uuid4().hex[:8]}"
            self.folder.mkdir()
        except BlockingIOError as error:  # it began between the check above and now
            raise ValueError(f"results_dir={target} is being written by {error}; choose another folder") from None
        except OSError as error:
            raise PermissionError(f"results_dir={target} cannot be written: {error.strerror}") from None
        self._claims: list[dict] = []
        self._marks: dict[str, dict] = {}
        self._timings: list[dict] = []
        self._earlier = 0.0
        self._left: dict | None = None
        self._begin = time.perf_counter()
        self._started = datetime.now(UTC).isoformat(timespec="seconds")

    def table(
        self,
        name: str,
        frame: pd.DataFrame,
        caption: str = "",
        *,
        per_seed: Sequence[str] = (),
        made_from: str = "",
        tolerance: dict[str, float] | None = None,
        indefinite: Sequence[str] = (),
    ) -> pd.DataFrame:
        """Write tables/<name>.csv (10 significant digits), .md and .tex (4 digits); return `frame` for display.

        Times, memory and dates belong into `timing`, never here: equal runs must give byte-identical tables. Texts stand in
        .md and .tex as they are: no sign of them is read as markup. A document that includes a .tex needs the packages
        booktabs and, for tables of more than a page, longtable.

        Args:
            name, frame, caption: of the table.
            per_seed: for a table with a row for each seed: the columns that, beside "seed", name a row.
            made_from: the table over seeds that this one summarises.
            tolerance: by column, absolute differences that mean nothing, where a number is less certain than its rounding.
            indefinite: columns without a definite value, as which of two equal optima was found.
                These four tell comparisons with another machine what to expect; see `table_comparison`.

        Raises:
            ValueError: the table is empty, or lacks a column that is named.
        """
        if frame.empty:
            raise ValueError(f"table {name!r} is empty; a run must write what it found")
        for column in (*per_seed, *(["seed"] if per_seed else []), *(tolerance or {}), *indefinite):
            check_choice(f"a column of table {name!r}", column, list(frame.columns))
        marks = {"per_seed": list(per_seed), "made_from": made_from, "tolerance": tolerance, "indefinite": list(indefinite)}
        self._marks[name] = {mark: value for mark, value in marks.items() if value}
        base = self._path("tables", name)
        frame.to_csv(f"{base}.csv", index=False, float_format="%.10g", lineterminator="\n")
        Path(f"{base}.md").write_text(markdown_page(frame, caption, ".4g"), encoding="utf-8")
        Path(f"{base}.tex").write_text(latex_table(frame, caption), encoding="utf-8")
        return frame

    def has_table(self, name: str) -> bool:
        """Return whether a table of this name was written."""
        return name in self._marks

    def figure(self, name: str, figure: plt.Figure) -> None:
        """Write figures/<name>.png (150 dpi) and .svg."""
        base = self._path("figures", name)
        with plt.rc_context({"svg.hashsalt": name}):
            figure.savefig(f"{base}.png", dpi=150, bbox_inches="tight", metadata={"Software": None})
            figure.savefig(f"{base}.svg", bbox_inches="tight", metadata={"Date": None})

    def file(self, name: str) -> Path:
        """Return the path at which to write any other file (with its suffix) of this run, such as an animation."""
        return self._path("files", name)

    def timing(self, what: str, seconds: float, **details) -> None:
        """Note a duration in seconds, and anything else that differs between equal runs, for timings.csv."""
        self._timings.append({"what": what, "seconds": seconds, **details})

    def resumed(self, seconds: float) -> None:
        """Note how long an earlier call, perhaps broken off, took for what this run found done."""
        self._earlier = seconds
        self.timing("done by an earlier call", seconds)

    def leave(self, trainings: int, minutes: float) -> None:
        """Note that a budget left so many trainings undone, which take about so many minutes: the run is not up to date."""
        self._left = {"trainings": trainings, "minutes": round(minutes, 1)} if trainings else None

    def timing_table(self, name: str, frame: pd.DataFrame, caption: str = "") -> pd.DataFrame:
        """Write timings/<name>.csv and .md: a table of times, memory or ratios of them, which no comparison looks at."""
        base = self._path("timings", name)
        frame.to_csv(f"{base}.csv", index=False, float_format="%.4g", lineterminator="\n")
        Path(f"{base}.md").write_text(markdown_page(frame, caption, ".3g"), encoding="utf-8")
        return frame

    def claim(
        self,
        claim: str,
        verdict: str,
        evidence: str,
        table: str = "",
        *,
        updates: int | None = None,
        seeds: int | None = None,
        cases: int | None = None,
    ) -> None:
        """Note a verdict on a claim of `claims.yaml`, with its number in one line and the table that shows it.

        Several profiles may judge a claim. `updates` of each training and number of `seeds`, where networks were trained: the
        ledger quotes the longest run. `cases`, such as batch sizes: of runs that decide, it quotes that of the most.
        """
        check_choice("verdict", verdict, VERDICTS)
        row = {"claim": claim, "verdict": verdict, "evidence": evidence, "table": table}
        weight = {"updates": updates, "seeds": seeds, "cases": cases}
        self._claims.append(row | {name: value for name, value in weight.items() if value is not None})

    def finish(self) -> Path:
        """Write claims, timings and run.json, and put everything in place of an earlier run's files; return the folder."""
        if self._claims:
            pd.DataFrame(self._claims).to_csv(self.folder / "claims.csv", index=False, lineterminator="\n")
        wall = time.perf_counter() - self._begin
        self.timing("whole run", wall)
        pd.DataFrame(self._timings).to_csv(self.folder / "timings.csv", index=False, float_format="%.4g", lineterminator="\n")
        record = {
            "experiment": self.experiment,
            "notebook": self.notebook,
            "profile": self.parameters.get("profile"),
            "key": provenance.run_key(self.notebook, self.parameters, self.data),
            "parameters": self.parameters,
            "seeds": seed_list(self.parameters),
            "data": self.data,
            "git": provenance.git_state(),
            "lock": provenance.lock_hash(),
            "versions": provenance.versions(),
            "hardware": provenance.hardware(),
            "rounding": rounding.kernels(),
            "tables": self._marks,
            "started": self._started,
            "wall_seconds": round(wall, 1),
            "earlier_seconds": round(self._earlier, 1),
        }
        record |= {"left": self._left} if self._left else {}
        write_record(self.folder, record)
        promote(self.folder, self.target)
        self._lock.release()
        return self.target

    def written(self) -> str:
        """Return in words what `finish` has written and where, and where the committed results of the same profile lie."""
        counts = {"tables": ("csv", "table"), "figures": ("png", "figure")}
        parts = []
        for folder, (suffix, word) in counts.items():
            count = len(list((self.target / folder).glob(f"*.{suffix}")))
            parts.append(f"{count} {word}{'' if count == 1 else 's'}")
        text = f"{' and '.join(parts)} in {shown(self.target)}"
        committed = committed_results(self.experiment, str(self.parameters.get("profile")))
        if committed != self.target and (committed / "run.json").is_file():
            text += f"; the committed results of this profile: {shown(committed)}"
        return text

    def _path(self, kind: str, name: str) -> Path:
        if not re.fullmatch(r"[\w.-]+", name):
            raise ValueError(f"name={name!r} must consist of letters, digits, '_', '-' and '.'")
        path = self.folder / kind / name
        path.parent.mkdir(exist_ok=True)
        return path


def seed_list(parameters: dict) -> list[int]:
    """Return the seeds that a run used: `seeds` means how many, from `first_seed`, or 0, on."""
    first = parameters.get("first_seed", 0)
    return list(range(first, first + parameters["seeds"])) if isinstance(parameters.get("seeds"), int) else []
