"""Image-caption pairs in memory, from any source."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from replication.clip.data.decoding import decoded
from replication.clip.data.digits import digit_pairs
from replication.clip.data.listing import Listing, from_csv
from replication.clip.data.photographs import coco, flickr8k
from replication.validation import check_choice, check_count

SPLITS = ("train", "val", "test")
PHOTOGRAPHS: dict[str, Callable[[str], Listing]] = {"flickr8k": flickr8k, "coco": coco}
SOURCES = ("digits", *PHOTOGRAPHS)


@dataclass(frozen=True)
class PairSet:
    """N images with their captions.

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

    def __len__(self) -> int:
        return len(self.images)

    def head(self, count: int) -> "PairSet":
        """Return the first `count` pairs; 0 means all."""
        if not count:
            return self
        labels = None if self.labels is None else self.labels[:count]
        return replace(self, images=self.images[:count], captions=self.captions[:count], labels=labels)


def load_pairs(source: str, split: str, size: int, image_column: str = "filepath", caption_column: str = "title") -> PairSet:
    """Return the pairs of a source, decoded to `size` pixels (the whole picture, squashed to a square).

    Photographs are decoded once and kept in `data/.decoded`.

    Args:
        source: "digits", "flickr8k", "coco", or the path of a CSV file in open_clip's convention: a column of image paths,
            relative to the file's folder, and one of captions; rows of one image are its captions. A column named `split`,
            if there is one, is respected; without it every split is the whole file.
        split: "train", "val" or "test".
        size: pixels of a side.
        image_column, caption_column: of a CSV.

    Raises:
        ValueError: unknown source or split; a CSV without the columns; empty captions; images that cannot be decoded.
        FileNotFoundError: files are missing; at most five are named.
    """
    check_choice("split", split, SPLITS)
    check_count("size", size, 8)
    if source == "digits":
        images, captions, labels = digit_pairs(split, size)
        return PairSet(source, images, captions, labels)
    if source in PHOTOGRAPHS:
        listing = PHOTOGRAPHS[source](split)
    elif source.endswith((".csv", ".tsv")):
        listing = from_csv(Path(source), split, image_column, caption_column)
    else:
        raise ValueError(f"source={source!r} must be one of {', '.join(map(repr, SOURCES))}, or the path of a .csv file")
    listing.check(f"{source}, split {split!r}")
    return PairSet(Path(source).stem, decoded(listing.paths, size, f"{Path(source).stem} {split}"), listing.captions)


@cache
def pair_checksums(source: str, size: int) -> dict[str, str]:
    """Return {source: SHA-256 of its decoded training images and captions}, as run.json records it."""
    pairs = load_pairs(source, "train", size)
    digest = hashlib.sha256(pairs.images.contiguous().numpy())
    digest.update("\0".join("\1".join(texts) for texts in pairs.captions).encode())
    return {f"{pairs.name} at {size} px": digest.hexdigest()}


def normalised(images: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Return uint8 images [B, 3, H, W] as float32, normalised."""
    shape = (1, 3, 1, 1)
    mean_, std_ = (torch.tensor(values, device=images.device).view(shape) for values in (mean, std))
    return (images.float() / 255 - mean_) / std_
