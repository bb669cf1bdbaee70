"""Lists of image files and their captions, checked before anything long begins."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listing:
    """Image files and, for each, its captions."""

    paths: list[Path]
    captions: list[list[str]]

    def check(self, what: str) -> None:
        """Raise one clear line if there is nothing, if files are missing, or if captions are empty."""
        if not self.paths:
            raise ValueError(f"{what} holds no images")
        missing = [path for path in self.paths if not path.is_file()]
        if missing:
            raise FileNotFoundError(f"{len(missing)} of {len(self.paths)} image files of {what} are missing: {named(missing)}")
        empty = [path for path, texts in zip(self.paths, self.captions, strict=True) if not all(t.strip() for t in texts)]
        if empty:
            raise ValueError(f"{len(empty)} of {len(self.paths)} images of {what} have an empty caption: {named(empty)}")


def named(paths: list[Path]) -> str:
    """Return at most five of the paths in words."""
    more = ", ..." if len(paths) > 5 else ""
    return ", ".join(str(path) for path in paths[:5]) + more


def grouped(rows: list[tuple[Path, str]]) -> Listing:
    """Return a listing in which each image comes once, in the order of its first row, with all its captions."""
    captions: dict[Path, list[str]] = {}
    for path, caption in rows:
        captions.setdefault(path, []).append(caption)
    return Listing(list(captions), list(captions.values()))


def from_csv(path: Path, split: str, image_column: str, caption_column: str, folder: Path | None = None) -> Listing:
    """Read a CSV (or, named .tsv, tab-separated) file; see `load_pairs`. `folder`: of the images, at first the file's own.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it lacks a column; the ones it has are named.
    """
    if not path.is_file():
        raise FileNotFoundError(f"source={str(path)!r} does not exist")
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        columns = reader.fieldnames or []
        for column in (image_column, caption_column):
            if column not in columns:
                raise ValueError(f"{path} has no column {column!r}; it has {', '.join(map(repr, columns)) or 'none'}")
        rows = [row for row in reader if "split" not in columns or row["split"] == split]
    folder = path.parent if folder is None else folder
    return grouped([(folder / (row[image_column] or ""), row[caption_column] or "") for row in rows])
