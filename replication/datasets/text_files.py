"""Text files of users, read as UTF-8 and cut at line breaks only."""

import re
from pathlib import Path


def read_text(path: Path) -> str:
    """Return the text of a file, as it stands there but for a byte order mark.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not UTF-8, or holds NUL bytes, as binary files do; the file and the line are named.
    """
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(split_lines(content[: error.start].decode("utf-8")))
        raise ValueError(
            f"{path}, line {line}: not UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = len(split_lines(text[: text.index("\0")]))
        raise ValueError(f"{path}, line {line}: holds a NUL byte, which no text does; save the file as UTF-8")
    return text


def split_lines(text: str) -> list[str]:
    """Return the lines of a text, without their ends. `str.splitlines` cuts at further signs, which captions may hold."""
    return re.split(r"\r\n|\n|\r", text)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file that are not empty, without white space around them; errors as of `read_text`."""
    return [line.strip() for line in split_lines(read_text(path)) if line.strip()]
