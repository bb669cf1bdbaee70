"""Which image files are one and the same picture, by what the file system says and by their content."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path


def same_file(paths: Iterable[Path]) -> dict[Path, Path]:
    """Return for each path the first one that leads to the same file: other spellings, symbolic and hard links are one."""
    first: dict[tuple, Path] = {}
    return {path: first.setdefault(_file(path), path) for path in dict.fromkeys(paths)}


def same_picture(paths: Iterable[Path]) -> dict[Path, Path]:
    """Return for each path the first one that leads to the same file or to a copy of it, of equal bytes.

    Only files of equal size are read. Empty files are nobody's copies.
    """
    files = same_file(paths)
    sizes: dict[int, list[Path]] = {}
    for path in dict.fromkeys(files.values()):
        if path.is_file() and path.stat().st_size:
            sizes.setdefault(path.stat().st_size, []).append(path)
    first: dict[bytes, Path] = {}
    copies = {}
    for group in sizes.values():
        if len(group) > 1:
            for path in group:
                copies[path] = first.setdefault(_digest(path, path.stat().st_mtime_ns), path)
    return {path: copies.get(file, file) for path, file in files.items()}


def _file(path: Path) -> tuple:
    try:
        status = path.stat()
    except (OSError, ValueError):  # a missing file has only its name; ValueError: a NUL in it
        return (str(path.absolute()),)
    return (status.st_dev, status.st_ino)


@cache  # each split asks again
def _digest(path: Path, changed: int) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
