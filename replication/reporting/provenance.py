"""What made a result: code, versions, machine and data, as written to run.json."""

import ast
import hashlib
import json
import os
import platform
import re
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import torch

import replication
from replication.extras import PROJECT
from replication.files import project_root, sha256
from replication.machine import cores


@cache
def code_hash(notebook: str) -> str:
    """Return one hash over every module of this package and the code cells of a notebook (by stem, e.g. "01_theory").

    Markdown and stored outputs do not count. Changing any code makes earlier runs out of date.
    """
    package = Path(replication.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    path = project_root() / "notebooks" / f"{notebook}.ipynb"
    if path.is_file():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        digest.update("\0".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code").encode())
    return digest.hexdigest()


@cache
def source_hash(module: str) -> str:
    """Return one hash over a module of this package, such as "replication.training.loop", and all that it imports from it.

    `reporting` does not count: what records a result does not change it.
    """
    package = Path(replication.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(_imported(package, module)):
        digest.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _imported(package: Path, module: str) -> set[Path]:
    """Return the files of a module and of every module of `package` that it imports, directly or not."""
    found, waiting = set(), [module]
    while waiting:
        path = _file_of(package, waiting.pop())
        if path is None or path in found or path.is_relative_to(package / "reporting"):
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package.name:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _file_of(package: Path, module: str) -> Path | None:
    """Return the file of a dotted name; None for what is no module, as the name of a function."""
    place = package.parent.joinpath(*module.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def lock_hash() -> str | None:
    """Return the SHA-256 of requirements.lock, or None outside a checkout."""
    path = project_root() / "requirements.lock"
    return sha256(path) if path.is_file() else None


def run_key(notebook: str, parameters: dict, data: dict) -> str:
    """Return the identity of a run: equal keys mean equal code, parameters, data and locked packages.

    `results_dir` and `minutes` are left out: where the results go, and how long a call may take, does not change them.
    """
    relevant = {name: value for name, value in parameters.items() if name not in ("results_dir", "minutes")}
    parts = [notebook, relevant, data, code_hash(notebook), lock_hash()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def git_state() -> dict:
    """Return {"sha", "dirty"} of the project's checkout; `dirty` ignores results/. Both are None outside git."""

    def git(*arguments):
        """Return what a git command prints, or None where it fails."""
        done = subprocess.run(["git", "-C", str(project_root()), *arguments], capture_output=True, text=True, encoding="utf-8")
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        sha = git("rev-parse", "HEAD")
        changes = git("status", "--porcelain", "--", ".", ":(exclude)results")
    except FileNotFoundError:
        sha = changes = None
    return {"sha": sha, "dirty": None if changes is None else bool(changes)}


def versions() -> dict:
    """Return the versions of Python and of the packages that the library and the notebooks need."""
    names = set()
    for line in metadata.requires(PROJECT) or []:
        extra = re.search(r"extra == ['\"](\w+)", line)
        if extra is None or extra[1] in ("clip", "experiments"):
            names.add(re.match(r"[\w.-]+", line)[0])
    names.discard(PROJECT)  # extras that hold others name the package itself
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in sorted(names)}


def hardware() -> dict:
    """Return processor, usable cores, memory in GiB, torch threads, and the GPU's name or None."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file() and (found := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text(encoding="utf-8"))):
        model = found[1].strip()
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "system": platform.platform(),
        "processor": model,
        "cores": cores(),
        "memory_gib": round(pages / 2**30, 1),
        "torch_threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
