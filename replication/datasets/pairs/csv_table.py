"""A table of text, read strictly: a row that is not whole is an error that names its line."""

import csv
import io
from pathlib import Path

from replication.datasets.pairs.listing import named
from replication.datasets.text_files import read_text, split_lines

UNCLOSED = (
    "a field begins with a quotation mark and does not end with one: close it, or, where the mark belongs to the text, "
    'double it and put the field in quotes, as """Hello"" she said"'
)
Rows = list[tuple[int, dict[str, str]]]


def read_table(path: Path, separator: str, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> Rows:
    """Return for each row the number of its first line and its cells by column; blank rows are left out.

    Cells are quoted as RFC 4180 has it: a field that begins with a quotation mark ends with one, may hold separators and line
    breaks, and has its own marks doubled. Marks inside of other fields are part of the text.

    Args:
        path: the file, UTF-8.
        separator: one character; "": a tab if the first line holds one, else a comma.
        needed, optional: columns that the caller reads. Another one of nearly the same name is taken for a mistake.

    Raises:
        OSError: it cannot be read.
        ValueError: another separator; a file that is not UTF-8; a field whose quotation mark is not closed; a row with more or
            fewer cells than columns; a needed column that is missing, or one that is there twice or with other case or spaces.
    """
    text = read_text(path)
    if separator == "":
        separator = "\t" if "\t" in next((line for line in split_lines(text) if line.strip()), "") else ","
    if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
        raise ValueError(
            f"separator={separator!r} must be one character, such as a comma, a semicolon or a tab; no quotation mark"
        )
    rows = [(line, cells) for line, cells in _cells(path, text, separator) if any(cell.strip() for cell in cells)]
    columns = rows[0][1] if rows else []
    _check_columns(path, columns, needed, optional)
    odd = [f"line {line} has {len(cells)}" for line, cells in rows if len(cells) != len(columns)]
    if odd:  # a caption would lose what follows its first comma
        raise ValueError(
            f"{len(odd)} of {len(rows) - 1} rows of {path} do not have {len(columns)} cells, one for each column: "
            f"{named(odd)}; put fields that hold a separator in quotes"
        )
    return [(line, dict(zip(columns, cells, strict=True))) for line, cells in rows[1:]]


def _cells(path: Path, text: str, separator: str):
    """Yield the number of the first line of each row with its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise ValueError(f"{path}, line {line}: {UNCLOSED}") from None
        if cells is None:
            return
        yield line, cells


def _check_columns(path: Path, columns: list[str], needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    for name in needed:
        if name not in columns:
            raise ValueError(f"{path} has no column {name!r}; it has {', '.join(map(repr, columns)) or 'none'}")
    for name in (*needed, *optional):
        alike = [column for column in columns if _plain(column) == _plain(name)]
        if len(alike) > 1:
            raise ValueError(f"{path} has {len(alike)} columns for {name!r}: {', '.join(map(repr, alike))}; leave one of them")
        if alike not in ([], [name]):
            raise ValueError(
                f"{path} has a column {alike[0]!r}; if it is meant as {name!r}, give it that name, else another one"
            )


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
