"""Lists of image files and their captions, checked before anything long begins."""

import re
from dataclasses import dataclass
from pathlib import Path

from replication.datasets.pairs.same_picture import same_file

SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Listing:
    """Image files and, for each, its captions."""

    paths: list[Path]
    captions: list[list[str]]

    def check(self, what: str) -> None:
        """Raise one clear line if there is nothing (ValueError), if files are missing (FileNotFoundError), or if captions
        are empty, or cannot be written as UTF-8 (ValueError).
        """
        if not self.paths:
            raise ValueError(f"{what} holds no images")
        missing = [path for path in self.paths if not path.is_file()]
        if missing:
            raise FileNotFoundError(f"{len(missing)} of {len(self.paths)} image files of {what} are missing: {named(missing)}")
        empty = [path for path, texts in zip(self.paths, self.captions, strict=True) if not all(texts)]
        if empty:
            raise ValueError(f"{len(empty)} of {len(self.paths)} images of {what} have an empty caption: {named(empty)}")
        halves = [
            path for path, texts in zip(self.paths, self.captions, strict=True) if any(SURROGATE.search(text) for text in texts)
        ]
        if halves:  # JSON can hold a half of an emoji, which no tokenizer and no file takes
            raise ValueError(
                f"{len(halves)} of {len(self.paths)} images of {what} have a caption that is no valid Unicode: {named(halves)}"
            )


def named(things: list) -> str:
    """Return at most five of the things in words."""
    more = ", ..." if len(things) > 5 else ""
    return ", ".join(map(str, things[:5])) + more


def grouped(rows: list[tuple[Path, str]]) -> Listing:
    """Return a listing in which each image comes once, in the order of its first row, with all its captions, stripped.

    Paths that lead to one file are one image; a copy of it is another one, as in Flickr8k, whose training set holds two.
    """
    same = same_file(path for path, _ in rows)
    captions: dict[Path, list[str]] = {}
    for path, caption in rows:
        captions.setdefault(same[path], []).append(caption.strip())
    return Listing(list(captions), list(captions.values()))
