"""Image-caption pairs listed in a CSV file, in open_clip's convention."""

import csv
from pathlib import Path

from replication.clip.data.listing import Listing, grouped, named
from replication.clip.data.splits import rows_of_split


def from_csv(
    path: Path,
    split: str,
    image_column: str,
    caption_column: str,
    separator: str = "",
    folder: Path | None = None,
) -> Listing:
    """Return the pairs of a split from a CSV file; see `load_pairs`.

    Args:
        path: the file, UTF-8.
        split: "train", "val" or "test".
        image_column, caption_column: names of its columns.
        separator: one character; "": a tab if the first line holds one, as in open_clip's own files, else a comma.
        folder: what image paths are relative to; None: the file's own folder.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such table, lacks a column (the ones it has are named), or has no rows of the split; rows without
            image or caption, or with more cells than columns (counted, the first lines named).
    """
    if not path.is_file():
        raise FileNotFoundError(f"source={str(path)!r} does not exist")
    columns, numbered = _read(path, separator)
    for column in (image_column, caption_column):
        if column not in columns:
            raise ValueError(f"{path} has no column {column!r}; it has {', '.join(map(repr, columns)) or 'none'}")
    long = [line for line, row in numbered if None in row]
    if long:  # a caption would lose what follows its first comma
        raise ValueError(
            f"{len(long)} rows of {path} have more cells than columns (line {named(long)}); quote captions with separators"
        )
    for column in (image_column, caption_column):
        blank = [line for line, row in numbered if not row[column].strip()]
        if blank:
            raise ValueError(f"{len(blank)} of {len(numbered)} rows of {path} have an empty {column!r}: line {named(blank)}")
    rows = rows_of_split(path, [row for _, row in numbered], split, image_column)
    folder = path.parent if folder is None else folder
    return grouped([(folder / row[image_column].strip(), row[caption_column]) for row in rows])


def _read(path: Path, separator: str) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the columns, and the number of the last line of each row with its cells."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:  # spreadsheets put a mark before the first column
            first = file.readline()
            file.seek(0)
            separator = separator or ("\t" if "\t" in first else ",")
            reader = csv.DictReader(file, delimiter=separator, restval="")
            columns = list(reader.fieldnames or [])
            return columns, [(reader.line_num, row) for row in reader]
    except (csv.Error, UnicodeDecodeError, TypeError) as error:  # TypeError: a separator of several characters
        raise ValueError(f"{path} cannot be read as a table with the separator {separator!r}: {error}") from None
