"""Tiny ImageNet: 100,000 + 10,000 JPEG files of 64 x 64 pixels, decoded once and kept as one array per split."""

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from replication.datasets.archives import folder_of, unavailable
from replication.datasets.text_files import read_lines
from replication.files import whole

NAME = "tiny-imagenet"


def load_tiny_imagenet(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images [N, 64, 64, 3] (uint8) and labels [N] (int64) of "train" or "val".

    Labels number the WordNet identifiers in alphabetical order, as torchvision's ImageFolder does. The archive sorts the
    training files by class; here both splits come in a random order, always the same, so that the first n images are a fair
    sample of all classes. The first call decodes the files as the official archive unpacks them, and writes
    `data/tiny-imagenet-200-<split>.npz`, in the order of the files; later calls read that.

    Raises:
        FileNotFoundError: files are missing or damaged; the message names the first one.
    """
    images, labels = _in_order_of_files(split)
    order = fair_order(len(labels))
    return images[order], labels[order]


def fair_order(count: int) -> np.ndarray:
    """Return the numbers 0 ... count-1 in a random order, the same in every call."""
    return np.random.default_rng(0).permutation(count)


def _in_order_of_files(split: str) -> tuple[np.ndarray, np.ndarray]:
    folder = folder_of(NAME)
    cache = folder.with_name(f"{folder.name}-{split}.npz")
    if cache.is_file():
        try:
            with np.load(cache) as stored:
                return stored["images"], stored["labels"]
        except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile):
            raise FileNotFoundError(f"{cache} is damaged; delete it, and the next call decodes the images again") from None
    classes = _classes(folder)
    files, labels = (_training_files if split == "train" else _validation_files)(folder, classes)
    images = decode_all(files)
    with whole(cache) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, images=images, labels=labels)
    return images, labels


def decode_all(files: list[Path]) -> np.ndarray:
    """Return the RGB pixels [N, H, W, 3] (uint8) of image files of one size.

    Raises:
        FileNotFoundError: a file cannot be decoded or has another size than the first; the message names it.
    """

    try:
        images = np.empty((len(files), *_pixels(files[0]).shape), np.uint8)
    except Exception:  # Pillow reports broken files in many ways
        raise _unreadable(files[0]) from None

    def decode(index):
        """Put the pixels of one file into `images`; return whether it could be read and fits."""
        try:
            pixels = _pixels(files[index])
        except Exception:
            return False
        if pixels.shape != images.shape[1:]:
            return False
        images[index] = pixels
        return True

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # Pillow decodes outside the interpreter lock
        for file, decoded in zip(files, pool.map(decode, range(len(files))), strict=True):
            if not decoded:
                pool.shutdown(cancel_futures=True)
                raise _unreadable(file)
    return images


def _pixels(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _unreadable(file: Path) -> FileNotFoundError:
    name = NAME if folder_of(NAME) in file.parents else f"{NAME}-c"
    return unavailable(name, f"damaged ({file} cannot be read or has another size)")


def _classes(folder: Path) -> dict[str, int]:
    listing = folder / "wnids.txt"
    if not listing.is_file():
        raise unavailable(NAME, f"missing ({listing} does not exist)")
    classes = sorted(_lines(listing))
    if not classes:
        raise unavailable(NAME, f"damaged ({listing} is empty)")
    return {wnid: label for label, wnid in enumerate(classes)}


def _lines(file: Path) -> list[str]:
    try:
        return read_lines(file)
    except ValueError as error:
        raise unavailable(NAME, f"damaged ({error})") from None


def _training_files(folder: Path, classes: dict[str, int]) -> tuple[list[Path], np.ndarray]:
    groups = [sorted((folder / "train" / wnid / "images").glob("[!.]*.JPEG")) for wnid in classes]
    most = max(map(len, groups))
    for wnid, group in zip(classes, groups, strict=True):
        if not group or len(group) < most:  # every class has equally many
            place = folder / "train" / wnid / "images"
            raise unavailable(NAME, f"damaged ({place} holds {len(group)} images, other classes {most})")
    return [file for group in groups for file in group], np.repeat(np.arange(len(groups)), most)


def _validation_files(folder: Path, classes: dict[str, int]) -> tuple[list[Path], np.ndarray]:
    annotations = folder / "val" / "val_annotations.txt"
    if not annotations.is_file():
        raise unavailable(NAME, f"damaged ({annotations} does not exist)")
    rows = [line.split("\t")[:2] for line in _lines(annotations)]
    files = [folder / "val" / "images" / row[0] for row in rows]
    for row, file in zip(rows, files, strict=True):
        if len(row) < 2 or row[1] not in classes:
            raise unavailable(NAME, f"damaged ({annotations} has a line {' '.join(row)!r} without a known class)")
        if not file.is_file():
            raise unavailable(NAME, f"damaged ({file} does not exist)")
    if not rows:
        raise unavailable(NAME, f"damaged ({annotations} is empty)")
    return files, np.array([classes[wnid] for _, wnid in rows])
