"""Image-caption pairs in memory, from any source."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from torch import Tensor

from replication.datasets.pairs.csv_listing import from_csv
from replication.datasets.pairs.decoding import FITS, decoded
from replication.datasets.pairs.digits import digit_pairs
from replication.datasets.pairs.listing import Listing, named
from replication.datasets.pairs.photographs import coco, flickr8k
from replication.datasets.pairs.splits import SPLITS
from replication.files import within_project
from replication.validation import check_choice, check_count

PHOTOGRAPHS: dict[str, Callable[[str], Listing]] = {"flickr8k": flickr8k, "coco": coco}
SOURCES = ("digits", *PHOTOGRAPHS)
# Those of a notebook's parameters, and of `Settings`, that decide which pairs are loaded, as `load_pairs` names them.
PAIR_PARAMETERS = ("source", "size", "image_column", "caption_column", "separator", "fit")


@dataclass(frozen=True)
class PairSet:
    """N images with their captions; ValueError where one has none, or where the lengths differ.

    Attributes:
        name: of the source, for tables.
        images: uint8 [N, 3, size, size].
        captions: for each image, one or more texts.
        labels: classes, int64 [N], where the source has them; else None.
    """

    name: str
    images: Tensor
    captions: list[list[str]]
    labels: Tensor | None = None

    def __post_init__(self):
        lengths = {len(self.images), len(self.captions), len(self.images if self.labels is None else self.labels)}
        if len(lengths) > 1:
            raise ValueError(f"captions and labels of {self.name} must be as many as its {len(self.images)} images")
        bare = [number for number, texts in enumerate(self.captions) if not texts]
        if bare:
            raise ValueError(f"{len(bare)} of {len(self)} images of {self.name} have no caption: number {named(bare)}")

    def __len__(self) -> int:
        return len(self.images)

    def head(self, count: int) -> "PairSet":
        """Return the first `count` pairs; 0 means all."""
        if not check_count("count", count, 0):
            return self
        labels = None if self.labels is None else self.labels[:count]
        return replace(self, images=self.images[:count], captions=self.captions[:count], labels=labels)


def load_pairs(
    source: str,
    split: str,
    size: int,
    image_column: str = "filepath",
    caption_column: str = "title",
    separator: str = "",
    fit: str = "squash",
) -> PairSet:
    """Return the pairs of a source, decoded to `size` pixels.

    Photographs are decoded once and kept in `data/.decoded`; images then lie on the disk, mapped into memory.

    Args:
        source: "digits", "flickr8k", "coco", or the path of a CSV file in open_clip's convention: a column of image paths,
            relative to the file's folder, and one of captions; rows of one image are its captions. A column named `split`
            divides them; without it, images are divided by a hash of their names: a tenth each for "test" and "val". Several
            names of one file are one image; copies of a file stay in one split. The path itself is relative to the project
            folder, see `resolved`.
        split: "train", "val" or "test". Digits and MSCOCO have no "val" besides "test".
        size: pixels of a side.
        image_column, caption_column: of a CSV.
        separator: of a CSV; "": a tab if its first line holds one, else a comma.
        fit: "squash": the whole picture, its proportions changed. "crop": its largest central square.

    Raises:
        ValueError: unknown source or split; a CSV that is no whole table, or without the columns or rows of the split; images
            in several splits; empty captions; images that cannot be decoded.
        FileNotFoundError: files are missing; at most five are named.
    """
    check_choice("split", split, SPLITS)
    check_count("size", size, 8)
    check_choice("fit", fit, FITS)
    if source == "digits":
        images, captions, labels = digit_pairs(split, size)
        return PairSet(source, images, captions, labels)
    if source in PHOTOGRAPHS:
        listing = PHOTOGRAPHS[source](split)
    else:
        listing = from_csv(Path(resolved(source)), split, image_column, caption_column, separator)
    listing.check(f"{source}, split {split!r}")
    name = Path(source).stem
    return PairSet(name, decoded(listing.paths, size, fit, f"{name} {split}"), listing.captions)


def resolved(source: str) -> str:
    """Return a source as every process finds it: the path of a CSV file made absolute, other sources as they are.

    Relative paths begin at the project folder, as those of results and weights do: the notebook, which may run in `notebooks/`,
    and the command that started it mean the same file. Outside a checkout that is the working directory.

    Raises:
        ValueError: it is neither a known source nor the path of a .csv or .tsv file.
    """
    if source in SOURCES:
        return source
    if not isinstance(source, str) or not source.endswith((".csv", ".tsv")):
        raise ValueError(f"source={source!r} must be one of {', '.join(map(repr, SOURCES))}, or the path of a .csv file")
    return str(within_project(source))


@cache
def pair_checksums(source: str, size: int, **options: str) -> dict[str, str]:
    """Return SHA-256 of the decoded images and the captions of the training and the test split, as run.json records them.

    `options`: the others of `PAIR_PARAMETERS`, as for `load_pairs`.
    """
    sums = {}
    for split in ("train", "test"):
        pairs = load_pairs(source, split, size, **options)
        digest = hashlib.sha256(pairs.images.contiguous().numpy())
        digest.update("\0".join("\1".join(texts) for texts in pairs.captions).encode())
        sums[f"{pairs.name} {split} at {size} px"] = digest.hexdigest()
    return sums
