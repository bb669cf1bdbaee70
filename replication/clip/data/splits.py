"""Which rows of a file of image-caption pairs belong to a split."""

import hashlib
from pathlib import Path

SPLITS = ("train", "val", "test")
COLUMN = "split"
# What files call the splits, in any case of letters. Rows with another word belong to none, as the 91 photographs of
# Flickr8k outside its official splits.
WORDS = {"train": ("train",), "val": ("val", "valid", "validation", "dev"), "test": ("test",)}


def rows_of_split(file: Path, rows: list[dict[str, str]], split: str, image_column: str) -> list[dict[str, str]]:
    """Return the rows of `split`, by their column `split`, or divided by `divide` where they have none.

    Raises:
        ValueError: no row belongs to it, or rows of one image belong to several splits, which would test what was trained.
    """
    if not rows or COLUMN not in rows[0]:
        mine = divide([row[image_column] for row in rows])[split]
        return [row for row in rows if row[image_column] in mine]
    words = [row[COLUMN].strip().lower() for row in rows]
    known = {word: name for name in SPLITS for word in WORDS[name]}
    places: dict[str, set[str]] = {}
    for row, word in zip(rows, words, strict=True):
        if word in known:
            places.setdefault(row[image_column], set()).add(known[word])
    shared = [image for image, names in places.items() if len(names) > 1]
    if shared:
        raise ValueError(f"{file} has {len(shared)} images in more than one split, such as {shared[0]!r}")
    kept = [row for row, word in zip(rows, words, strict=True) if word in WORDS[split]]
    if not kept:
        found = ", ".join(map(repr, sorted(set(words))[:10]))
        raise ValueError(f"{file} has no rows of split {split!r} ({' or '.join(map(repr, WORDS[split]))}); it has {found}")
    return kept


def divide(images: list[str]) -> dict[str, set[str]]:
    """Return the images of each split: a tenth each, at least one, for "test" and "val", the others for "train".

    An image's place depends on its name and on the other names, not on the order of the rows.
    """
    names = sorted(set(images), key=lambda name: hashlib.sha256(name.encode()).digest())
    tenth = max(1, len(names) // 10)
    return {"test": set(names[:tenth]), "val": set(names[tenth : 2 * tenth]), "train": set(names[2 * tenth :])}
