"""Run notebooks with papermill, and add what it lacks: checked parameters, skipping what is up to date, clear failures."""

import json
import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from replication.datasets import checksums
from replication.datasets.pairs import PAIR_PARAMETERS
from replication.features.sources import source_checksums
from replication.files import project_root, shown
from replication.reporting.notebooks import UsageError, profile_folder, resolve
from replication.reporting.provenance import run_key, sha256
from replication.reporting.results_folder import check_results_folder
from replication.reporting.run_record import RecordError, check_files, read_record, replace_record

# A socket's path may be so long on every system: 104 bytes on macOS, 108 on Linux, less what the kernel adds to the name.
LONGEST_SOCKET = 90


NOTHING_FINISHED = "NothingFinished"  # the error by which a notebook says that its minutes ended too early for tables


class NotebookError(RuntimeError):
    """A cell of a notebook failed: reported as one line, with exit code 1."""


class NothingFinished(RuntimeError):
    """The minutes of a run ended before it had anything to show; what it has done so far is kept."""


def run(
    experiment: str,
    profile: str = "default",
    publish: bool = False,
    force: bool = False,
    overrides: dict | None = None,
    minutes: float = 0.0,
) -> Path:
    """Execute one notebook and put its results and its executed copy into the results folder; return that folder.

    Args:
        experiment, profile: what to run.
        publish: write to results/<experiment>/<profile>, which git holds, instead of results/local/<experiment>/<profile>.
        force: run even if a finished run there had the same parameters, code, data and locked packages.
        overrides: parameters that differ from the profile's. `results_dir` among them decides the folder.
        minutes: what it may take, for notebooks that have such a parameter; 0: all that it needs.

    Raises:
        UsageError: see `resolve`; a results folder that cannot be used; or `publish` with overrides.
        NotebookError: a cell failed. Results of an earlier run stay as they were.
    """
    root = project_root()
    notebook, parameters = resolve(experiment, profile, (overrides or {}) | ({"minutes": minutes} if minutes else {}))
    if publish and overrides:
        raise UsageError(
            f"--publish and {', '.join(overrides)}: results/{experiment}/{profile} holds the profile as it is;"
            f" write a profile of its own, {shown(profile_folder(notebook))}/NAME.yaml"
        )
    folder = f"results/{experiment}/{profile}" if publish else f"results/local/{experiment}/{profile}"
    parameters["results_dir"] = (overrides or {}).get("results_dir", folder)
    target = root / parameters["results_dir"]
    scratch = root / "results" / "local" / "executing" / f"{notebook.stem}.{profile}.{uuid4().hex[:8]}.ipynb"
    try:
        check_results_folder(target)
        key = run_key(notebook.stem, parameters, data_checksums(parameters))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(str(error)) from None
    name, files = f"{experiment} ({profile})", set()
    try:
        record = read_record(target)
        files = set(record["files"]) if record else set()
        if record and record["key"] == key and not force and not record.get("left"):
            check_files(target, record)
            print(f"{name}: up to date in {shown(target)}; --force runs it again")
            return target
    except RecordError as error:
        print(f"{name}: runs again, as {str(error).partition(';')[0]}")
    try:
        scratch.parent.mkdir(parents=True, exist_ok=True)
        scratch.touch()
    except OSError as error:
        raise UsageError(f"{shown(scratch)} cannot be written: {error.strerror}") from None

    print(f"{name}: running {notebook.relative_to(root)}", flush=True)
    try:
        earlier = _bytes(target / "run.json")
        try:
            _execute(notebook, profile, parameters, scratch)
        except NothingFinished as error:
            print(f"{name}: {error}; go on with: {command_line(experiment, profile, publish, overrides, minutes)}", flush=True)
            return target
        if _bytes(target / "run.json") in (None, earlier):
            raise NotebookError(f"{notebook.name} ({profile}) wrote no run.json; its last cell must call run.finish()")
        record, executed = read_record(target), target / notebook.name
        shutil.move(scratch, executed)
        portable(executed)
        record["files"][notebook.name] = sha256(executed)
        replace_record(target, record)
    except OSError as error:
        place = shown(Path(error.filename)) if error.filename else f"{shown(scratch)} or {shown(target)}"
        raise NotebookError(f"{notebook.name} ({profile}): {place} cannot be written: {error.strerror}") from None
    print(f"{name}: {record['wall_seconds']:.0f} s, results in {shown(target)}", flush=True)
    if gone := sorted(files - set(record["files"])):  # as where records hold less than the trainings that they were made of
        print(f"{name}: the earlier run also had {', '.join(gone)}", flush=True)
    if record.get("left"):
        left, command = record["left"], command_line(experiment, profile, publish, overrides, minutes)
        print(f"{name}: {left['trainings']} trainings left, about {left['minutes']:.0f} minutes: {command}", flush=True)
    return target


def command_line(experiment: str, profile: str, publish: bool, overrides: dict | None, minutes: float) -> str:
    """Return the command that goes on with a run."""
    parts = ["python -m replication run", experiment, f"--profile {profile}"]
    parts += [f"--set {shlex.quote(f'{name}={value}')}" for name, value in (overrides or {}).items()]
    return " ".join([*parts, *(["--publish"] if publish else []), f"--minutes {minutes:g}"])


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _execute(notebook: Path, profile: str, parameters: dict, scratch: Path) -> None:
    """Execute a notebook, its copy with outputs growing in `scratch`; NotebookError if a cell fails."""
    copy = f"(executed so far: {shown(scratch)})"
    with kernel_sockets() as places:
        try:
            papermill.execute_notebook(
                str(notebook),
                str(scratch),
                parameters,
                cwd=str(project_root()),
                progress_bar=sys.stderr.isatty(),
                config=Config({"KernelManager": places}),
            )
        except PapermillExecutionError as error:
            # The index, from 0, counts the cell of parameters that papermill put in: it is the cell's number in the notebook.
            if error.ename == NOTHING_FINISHED:
                raise NothingFinished(error.evalue) from None
            failed = f"{notebook.name} ({profile}): cell {error.cell_index} failed: {reason(error.ename, error.evalue)}"
            raise NotebookError(f"{failed} {copy}") from None
        except KeyboardInterrupt:
            # The cell's task ends as well, unheard; asyncio would print its traceback when it is thrown away.
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)
            raise
        except DeadKernelError:
            raise NotebookError(f"{notebook.name} ({profile}): its process died, perhaps for want of memory {copy}") from None


def reason(kind: str, text: str) -> str:
    """Return an error's type and the first line of its text that says something; its type alone if none does."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return ": ".join(part for part in (kind, *lines[:1]) if part) or "an error without a name"


@contextmanager
def kernel_sockets() -> Iterator[dict]:
    """Yield the settings by which a kernel listens on Unix sockets, {} where these cannot be: then it takes network ports.

    With sockets a kernel needs no port (and does not warn that it listens on one). They get a folder of their own: a kernel
    that is killed leaves them behind, by default in the project. Batch systems give temporary folders of long names.
    """
    with ExitStack() as stack:
        for place in (None, "/tmp") if os.name == "posix" else ():
            try:
                folder = stack.enter_context(
                    tempfile.TemporaryDirectory(prefix="kernel-", dir=place, ignore_cleanup_errors=True)
                )
            except OSError:
                continue
            if len(os.fsencode(folder)) < LONGEST_SOCKET:
                yield {"transport": "ipc", "ip": f"{folder}/socket"}
                return
        yield {}


def data_checksums(parameters: dict) -> dict[str, str]:
    """Return the checksums of the data that a notebook with these parameters reads, as it writes them to run.json itself."""
    if "source" in parameters:
        return source_checksums(**{name: parameters[name] for name in PAIR_PARAMETERS if name in parameters})
    return checksums(parameters.get("dataset") or None)


def portable(executed: Path) -> None:
    """Strip from an executed notebook what only this machine knows: absolute paths in papermill's metadata."""
    content = json.loads(executed.read_text(encoding="utf-8"))
    details = content["metadata"].get("papermill", {})
    for name, path in (("input_path", Path(details.get("input_path", ""))), ("output_path", executed)):
        if details.get(name):
            details[name] = path.name
    executed.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
