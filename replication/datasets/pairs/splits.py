"""Which rows of a file of image-caption pairs belong to a split."""

import hashlib
from pathlib import Path

SPLITS = ("train", "val", "test")
COLUMN = "split"
# What files call the splits, in any case of letters. Rows with another word belong to none, as the 91 photographs of
# Flickr8k outside its official splits.
WORDS = {"train": ("train",), "val": ("val", "valid", "validation", "dev"), "test": ("test",)}


def rows_of_split(
    file: Path, rows: list[dict[str, str]], split: str, image_column: str, pictures: dict[str, Path]
) -> list[dict[str, str]]:
    """Return the rows of `split`, by their column `split`, or divided by `divide` where they have none.

    Rows whose images are one picture belong together. `pictures` says for each name in the image column which picture it is,
    see `same_picture`; one with several names goes by the shortest.

    Raises:
        ValueError: no row belongs to it, or rows of one picture belong to several splits, which would test what was trained.
    """
    if not rows or COLUMN not in rows[0]:
        shortest: dict[Path, str] = {}
        for name in sorted(pictures, key=lambda name: (len(name), name)):
            shortest.setdefault(pictures[name], name)
        mine = divide(list(shortest.values()))[split]
        return [row for row in rows if shortest[pictures[row[image_column]]] in mine]
    words = [row[COLUMN].strip().lower() for row in rows]
    known = {word: name for name in SPLITS for word in WORDS[name]}
    places: dict[Path, dict[str, str]] = {}
    for row, word in zip(rows, words, strict=True):
        if word in known:
            places.setdefault(pictures[row[image_column]], {}).setdefault(known[word], row[image_column])
    shared = [names for names in places.values() if len(names) > 1]
    if shared:
        example = ", ".join(f"{name!r} in {place!r}" for place, name in shared[0].items())
        raise ValueError(f"{file} has {len(shared)} pictures in more than one split, such as {example}")
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
