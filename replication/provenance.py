"""What made a result: code, versions, machine and data, as written to run.json."""

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
from replication.paths import project_root


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
def source_hash(parts: tuple[str, ...]) -> str:
    """Return one hash over the named files and folders of this package, such as ("losses", "training/loop.py")."""
    package = Path(replication.__file__).parent
    digest = hashlib.sha256()
    for part in parts:
        place = package / part
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            digest.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def lock_hash() -> str | None:
    """Return the SHA-256 of requirements.lock, or None outside a checkout."""
    path = project_root() / "requirements.lock"
    return sha256(path) if path.is_file() else None


def run_key(notebook: str, parameters: dict, data: dict) -> str:
    """Return the identity of a run: equal keys mean equal code, parameters, data and locked packages.

    `results_dir` is left out: where the results go does not change them.
    """
    relevant = {name: value for name, value in parameters.items() if name != "results_dir"}
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
    """Return the versions of Python and of the package's direct dependencies."""
    names = []
    for line in metadata.requires("mini-batch-contrastive-replication") or []:
        if "extra ==" not in line:
            names.append(re.match(r"[\w.-]+", line)[0])
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
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "torch_threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
