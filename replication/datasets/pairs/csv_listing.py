"""Image-caption pairs listed in a CSV file, in open_clip's convention."""

import re
from pathlib import Path

from replication.datasets.pairs.csv_table import Rows, read_table
from replication.datasets.pairs.listing import Listing, grouped, named
from replication.datasets.pairs.same_picture import same_picture
from replication.datasets.pairs.splits import COLUMN, rows_of_split
from replication.datasets.text_files import split_lines


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
        ValueError: it is no such table (see `read_table`), or has no rows of the split; rows without image or caption (counted,
            the first lines named); one picture, under whatever names, in several splits.
    """
    if not path.is_file():
        raise FileNotFoundError(f"source={str(path)!r} does not exist")
    numbered = read_table(path, separator, (image_column, caption_column), (COLUMN,))
    for column in (image_column, caption_column):
        blank = [line for line, row in numbered if not row[column].strip()]
        if blank:
            raise ValueError(f"{len(blank)} of {len(numbered)} rows of {path} have an empty {column!r}: line {named(blank)}")
    _check_line_breaks(path, numbered, image_column, caption_column)
    folder = path.parent if folder is None else folder
    rows = [row for _, row in numbered]
    places = {name: folder / name.strip() for name in dict.fromkeys(row[image_column] for row in rows)}
    same = same_picture(places.values())
    mine = rows_of_split(path, rows, split, image_column, {name: same[place] for name, place in places.items()})
    return grouped([(places[row[image_column]], row[caption_column]) for row in mine])


def _check_line_breaks(path: Path, numbered: Rows, image_column: str, caption_column: str) -> None:
    """Raise ValueError where a quoted caption of several lines holds what looks like other rows.

    Two captions that both begin or end with a stray quotation mark can look like one field, and would swallow the rows between.
    """
    for line, row in numbered:
        lines = split_lines(row[caption_column])
        suffix = Path(row[image_column].strip()).suffix if len(lines) > 1 else ""
        if suffix:
            name = re.compile(rf"{re.escape(suffix)}\s*([,;|\t]|$)")
            for number, text in enumerate(lines, line):
                if name.search(text):
                    raise ValueError(
                        f"{path}, line {line}: its caption has several lines, and line {number} holds the name of an image, "
                        "as if a quotation mark were not closed; close it, or take the line breaks out of the caption"
                    )
