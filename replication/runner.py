"""Run notebooks with papermill, and add what it lacks: checked parameters, skipping what is up to date, clear failures."""

import ast
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import papermill
import yaml
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from replication.clip.data import PAIR_PARAMETERS, pair_checksums
from replication.datasets import checksums
from replication.paths import project_root
from replication.provenance import run_key, sha256
from replication.results import check_results_folder, read_record


class UsageError(ValueError):
    """A wrong experiment, profile or parameter: reported as one line, with exit code 2."""


class NotebookError(RuntimeError):
    """A cell of a notebook failed: reported as one line, with exit code 1."""


def experiments() -> dict[str, Path]:
    """Return the notebooks by experiment name, in their order: {"theory": notebooks/01_theory.ipynb, ...}."""
    return {path.stem.split("_", 1)[1]: path for path in sorted((project_root() / "notebooks").glob("[0-9]*_*.ipynb"))}


def profiles(notebook: Path) -> dict[str, Path]:
    """Return the parameter files of a notebook by profile name."""
    return {path.name.split(".")[1]: path for path in sorted(notebook.parent.glob(f"{notebook.stem}.*.yaml"))}


def notebook_defaults(notebook: Path) -> dict:
    """Return the parameters of a notebook's tagged cell with their default values."""
    inferred = papermill.inspect_notebook(str(notebook))
    return {name: ast.literal_eval(details["default"]) for name, details in inferred.items()}


def resolve(experiment: str, profile: str, overrides: dict | None = None) -> tuple[Path, dict]:
    """Return the notebook and all its parameters for a profile, with `overrides` on top.

    Raises:
        UsageError: unknown experiment or profile, or a parameter that the notebook does not have.
    """
    notebooks = experiments()
    if experiment not in notebooks:
        raise UsageError(f"experiment {experiment!r} must be one of {', '.join(notebooks)}")
    notebook = notebooks[experiment]
    files = profiles(notebook)
    if profile not in files:
        raise UsageError(f"profile {profile!r} of {experiment} must be one of {', '.join(files)}")
    parameters = notebook_defaults(notebook)
    if "profile" in (overrides or {}):
        raise UsageError(f"parameter 'profile' is not set by itself; use --profile {overrides['profile']}")
    chosen = (yaml.safe_load(files[profile].read_text()) or {}) | (overrides or {})
    for name in chosen:
        if name not in parameters:
            raise UsageError(f"parameter {name!r} of {experiment} must be one of {', '.join(parameters)}")
    return notebook, parameters | chosen | {"profile": profile}


def run(
    experiment: str, profile: str = "default", publish: bool = False, force: bool = False, overrides: dict | None = None
) -> Path:
    """Execute one notebook and put its results and its executed copy into the results folder; return that folder.

    Args:
        experiment, profile: what to run.
        publish: write to results/<experiment>/<profile>, which git holds, instead of results/local/<experiment>/<profile>.
        force: run even if a finished run there had the same parameters, code, data and locked packages.
        overrides: parameters that differ from the profile's. `results_dir` among them decides the folder.

    Raises:
        UsageError: see `resolve`; a results folder that cannot be used; or `publish` with overrides.
        NotebookError: a cell failed. Results of an earlier run stay as they were.
    """
    root = project_root()
    notebook, parameters = resolve(experiment, profile, overrides)
    if publish and overrides:
        raise UsageError(
            f"--publish and {', '.join(overrides)}: results/{experiment}/{profile} holds the profile as it is;"
            f" write a profile of its own, notebooks/{notebook.stem}.NAME.yaml"
        )
    folder = f"results/{experiment}/{profile}" if publish else f"results/local/{experiment}/{profile}"
    parameters["results_dir"] = (overrides or {}).get("results_dir", folder)
    for name in ("results_dir", "dataset", "source"):
        if not isinstance(parameters.get(name, ""), str):
            raise UsageError(f"{name}={parameters[name]!r} must be a text")
    target = root / parameters["results_dir"]
    try:
        check_results_folder(target)
        key = run_key(notebook.stem, parameters, data_checksums(parameters))
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(str(error)) from None
    record = read_record(target)
    if not force and record and record["key"] == key and all((target / name).is_file() for name in record["files"]):
        print(f"{experiment} ({profile}): up to date in {shown(target)}; --force runs it again")
        return target

    print(f"{experiment} ({profile}): running {notebook.relative_to(root)}", flush=True)
    scratch = root / "results" / "local" / "executing" / f"{notebook.stem}.{profile}.{os.getpid()}.ipynb"
    scratch.parent.mkdir(parents=True, exist_ok=True)
    # Where there are Unix sockets, a kernel need not listen on a network port (and does not warn that it does).
    # They get a folder of their own: a kernel that is killed leaves them behind, by default in the project.
    sockets = tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)
    places = {"transport": "ipc", "ip": f"{sockets.name}/socket"} if os.name == "posix" else {}
    config = Config({"KernelManager": places})
    try:
        with sockets:
            papermill.execute_notebook(
                str(notebook), str(scratch), parameters, cwd=str(root), progress_bar=sys.stderr.isatty(), config=config
            )
    except PapermillExecutionError as error:
        reason = error.evalue.splitlines()[0] if error.evalue else ""
        # The index, from 0, counts the cell of parameters that papermill put in: it is the cell's number in the notebook.
        raise NotebookError(
            f"{notebook.name} ({profile}): cell {error.cell_index} failed: {error.ename}: {reason}"
            f" (executed so far: {shown(scratch)})"
        ) from None
    except DeadKernelError:
        raise NotebookError(
            f"{notebook.name} ({profile}): its process died, perhaps for want of memory (executed so far: {shown(scratch)})"
        ) from None
    earlier, record = record, read_record(target)
    if record is None or record == earlier:
        raise NotebookError(f"{notebook.name} ({profile}) wrote no run.json; its last cell must be run.finish()")
    executed = target / notebook.name
    shutil.move(scratch, executed)
    portable(executed)
    record["files"][notebook.name] = sha256(executed)
    temporary = target / "run.json.tmp"
    temporary.write_text(json.dumps(record, indent=2) + "\n")
    temporary.replace(target / "run.json")
    print(f"{experiment} ({profile}): {record['wall_seconds']:.0f} s, results in {shown(target)}", flush=True)
    return target


def data_checksums(parameters: dict) -> dict[str, str]:
    """Return the checksums of the data that a notebook with these parameters reads, as it writes them to run.json itself."""
    if "source" in parameters:
        return pair_checksums(**{name: parameters[name] for name in PAIR_PARAMETERS if name in parameters})
    return checksums(parameters.get("dataset"))


def shown(path: Path) -> Path:
    """Return `path` as messages show it: relative to the project folder where it lies below that."""
    return path.relative_to(project_root()) if path.is_relative_to(project_root()) else path


def portable(executed: Path) -> None:
    """Strip from an executed notebook what only this machine knows: absolute paths in papermill's metadata."""
    content = json.loads(executed.read_text())
    details = content["metadata"].get("papermill", {})
    for name, path in (("input_path", Path(details.get("input_path", ""))), ("output_path", executed)):
        if details.get(name):
            details[name] = path.name
    executed.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def verify(folder: Path) -> list[str]:
    """Return the files of a results folder that are missing or differ from the SHA-256 in its run.json."""
    record = read_record(folder)
    if record is None:
        return ["run.json"]
    return [
        name for name, digest in record["files"].items() if not (folder / name).is_file() or sha256(folder / name) != digest
    ]
