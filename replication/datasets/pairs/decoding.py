"""Photographs decoded once, in threads, and kept on the disk."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from torch import Tensor
from tqdm import tqdm

from replication.datasets.pairs.image_cache import read_or_write
from replication.datasets.pairs.listing import named
from replication.machine import BAR, cores

FITS = ("squash", "crop")
METHOD = 2  # to be raised whenever the same file shall give other pixels, so that arrays from before are not used
BLOCK = 512  # images that wait to be written


def decoded(paths: list[Path], size: int, fit: str, what: str) -> Tensor:
    """Return the images as uint8 [N, 3, size, size], from the disk if these very files were decoded before.

    Very same files: of equal path, size and time of change.

    Args:
        paths: of image files of any size, decoded to what a viewer shows: turned as their EXIF data say, the first picture of
            an animation, transparent parts white (open_clip shows the colour hidden there), 16 bits scaled to 8, and so
            floating-point values in [0, 1]. Colour profiles are not applied.
        size: pixels of a side, by bicubic resampling.
        fit: "squash" keeps the whole picture and changes its proportions; "crop" keeps them and the largest central square.
        what: the images, in words.

    Raises:
        ValueError: files that are damaged, no images, or of values that nobody can read as grey; at most five are named.
    """
    files = "\n".join(f"{path.absolute()} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)
    key = hashlib.sha256(f"{METHOD} {size} {fit}\n{files}".encode()).hexdigest()[:16]
    return read_or_write(key, (len(paths), 3, size, size), lambda: _decode_all(paths, size, fit, what))


def _decode_all(paths: list[Path], size: int, fit: str, what: str) -> Iterator[np.ndarray]:
    def attempt(path):
        """Return the pixels of a file, or in words which file it is and what is wrong with it."""
        try:
            return decode(path, size, fit)
        except ValueError as error:
            return f"{path} ({error})"

    broken = []
    with ThreadPoolExecutor(cores()) as pool, tqdm(desc=f"decoding {what}", total=len(paths), **BAR) as bar:
        for begin in range(0, len(paths), BLOCK):
            for pixels in pool.map(attempt, paths[begin : begin + BLOCK]):
                bar.update()
                if isinstance(pixels, str):
                    broken.append(pixels)
                elif not broken:
                    yield pixels
    if broken:
        raise ValueError(f"{len(broken)} of {len(paths)} images of {what} cannot be used: {named(broken)}")


def decode(path: Path, size: int, fit: str) -> np.ndarray:
    """Return the pixels [3, size, size] (uint8) of one file; see `decoded`.

    Raises:
        ValueError: why that cannot be, in a few words without the file's name.
    """
    with ExitStack() as stack:
        try:
            image = stack.enter_context(Image.open(path))
            image.load()
        except Image.DecompressionBombError:
            raise ValueError(f"more than {2 * Image.MAX_IMAGE_PIXELS:,} pixels") from None
        except Exception:  # each of Pillow's formats reports broken files in another way
            raise ValueError("damaged or no image") from None
        with suppress(Exception):  # where the orientation cannot be read, viewers, too, show the picture as it lies
            ImageOps.exif_transpose(image, in_place=True)
        picture = _in_rgb(image)
    if fit == "crop":
        picture = ImageOps.fit(picture, (size, size), Image.Resampling.BICUBIC)
    else:
        picture = picture.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(picture).transpose(2, 0, 1)


def _in_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):  # Pillow would turn all values above 255 into white
        return Image.fromarray(_eight_bits(np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        picture = Image.new("RGBA", image.size, "white")
        picture.alpha_composite(image.convert("RGBA"))
        return picture.convert("RGB")
    return image.convert("RGB")


def _eight_bits(values: np.ndarray) -> np.ndarray:
    white = 1 if values.dtype.kind == "f" else 65535
    low, high = values.min(), values.max()
    found = f"values from {low:g} to {high:g}, where black is 0 and white {white}"
    if not (low >= 0 and high <= white):  # so is NaN
        raise ValueError(f"{found}; save it with 8 bits")
    grey = (values * 255.0).round() if white == 1 else values // 257
    if low < high and grey.min() == grey.max():
        raise ValueError(f"{found}, would become a single grey; save it with 8 bits")
    return grey.astype(np.uint8)
