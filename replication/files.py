"""Where things are: the project folder, its notebooks, data and results."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def project_root() -> Path:
    """Return the nearest folder at or above the working directory that holds `notebooks/` and `pyproject.toml`.

    Notebooks run both from the project folder (papermill) and from `notebooks/` (JupyterLab). Outside a checkout, as after
    `pip install`, it is the working directory.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    return here


def data_dir() -> Path:
    """Return the folder in which data sets are looked for and downloaded to."""
    return project_root() / "data"


def file_name(text: str) -> str:
    """Return a text, such as the name of a method, as part of a file's name: "sogclr, as released" -> "sogclr_as_released"."""
    return "_".join("".join(letter if letter.isalnum() or letter in "-." else " " for letter in text).split())


def within_project(path: str | Path) -> Path:
    """Return `path` as it is if absolute, else below the project folder."""
    return project_root() / path


def committed_results(experiment: str, profile: str) -> Path:
    """Return the folder of the results of a profile that git holds."""
    return project_root() / "results" / experiment / profile


def shown(path: Path) -> Path:
    """Return `path` as messages show it: relative to the project folder where it lies below that."""
    return path.relative_to(project_root()) if path.is_relative_to(project_root()) else path


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a place beside `path` to write to; it takes the place of `path` when the block ends, and is removed if it fails.

    So a reader finds the old file or the new one, never a part. The folder is made where it is missing.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
