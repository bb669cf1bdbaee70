"""Photographs decoded once, in threads, and kept on the disk."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm import tqdm

from replication.clip.data.image_cache import read_or_write
from replication.clip.data.listing import named
from replication.training.grid import BAR, cores

FITS = ("squash", "crop")
METHOD = 1  # to be raised whenever the same file shall give other pixels, so that arrays from before are not used
BLOCK = 512  # images that wait to be written


def decoded(paths: list[Path], size: int, fit: str, what: str) -> Tensor:
    """Return the images as uint8 [N, 3, size, size], from the disk if these very files were decoded before.

    Very same files: of equal path, size and time of change.

    Args:
        paths: of image files of any size. Any colour mode is converted to RGB as open_clip does, so transparency is dropped;
            16 bits are scaled to 8.
        size: pixels of a side, by bicubic resampling.
        fit: "squash" keeps the whole picture and changes its proportions; "crop" keeps them and the largest central square.
        what: the images, in words.

    Raises:
        ValueError: files that are truncated or no images; at most five are named.
    """
    files = "\n".join(f"{path.absolute()} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)
    key = hashlib.sha256(f"{METHOD} {size} {fit}\n{files}".encode()).hexdigest()[:16]
    return read_or_write(key, (len(paths), 3, size, size), lambda: _decode_all(paths, size, fit, what))


def _decode_all(paths: list[Path], size: int, fit: str, what: str) -> Iterator[np.ndarray]:
    broken = []
    with ThreadPoolExecutor(cores()) as pool, tqdm(desc=f"decoding {what}", total=len(paths), **BAR) as bar:
        for begin in range(0, len(paths), BLOCK):
            block = paths[begin : begin + BLOCK]
            for path, pixels in zip(block, pool.map(lambda file: decode(file, size, fit), block), strict=True):
                bar.update()
                if pixels is None:
                    broken.append(path)
                elif not broken:
                    yield pixels
    if broken:
        raise ValueError(f"{len(broken)} of {len(paths)} images of {what} are damaged or no images: {named(broken)}")


def decode(path: Path, size: int, fit: str) -> np.ndarray | None:
    """Return the pixels [3, size, size] (uint8) of one file, or None if it cannot be decoded."""
    try:
        with Image.open(path) as image:
            picture = _in_rgb(image)
    # Pillow reports broken files in many ways: SyntaxError for PNG, ValueError and others for damaged headers.
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None
    if fit == "crop":
        picture = ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC)
    else:
        picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(picture).transpose(2, 0, 1)


def _in_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I" or image.mode.startswith("I;16"):  # Pillow would turn all values above 255 into white
        image = Image.fromarray((np.asarray(image).clip(0, 65535) // 257).astype(np.uint8))
    return image.convert("RGB")
