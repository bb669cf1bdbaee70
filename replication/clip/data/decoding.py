"""Photographs decoded once, in threads, into an array on the disk."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from tqdm import tqdm

from replication.clip.data.listing import named
from replication.paths import data_dir
from replication.training.grid import BAR


def decoded(paths: list[Path], size: int, what: str) -> Tensor:
    """Return the images as uint8 [N, 3, size, size], from the cache in `data/.decoded` if these very files are there.

    The whole picture is squashed to a square (bicubic); any colour mode is converted to RGB.

    Raises:
        ValueError: files that are truncated or no images; at most five are named.
    """
    stamp = "\n".join(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)
    key = hashlib.sha256(f"{size}\n{stamp}".encode()).hexdigest()[:16]
    place = data_dir() / ".decoded" / f"{key}.npy"
    shape = (len(paths), 3, size, size)
    try:
        images = np.load(place)
        if images.shape == shape and images.dtype == np.uint8:
            return torch.from_numpy(images)
    except (OSError, ValueError, EOFError):  # not there, or damaged: decode again
        pass
    images, broken = np.empty(shape, dtype=np.uint8), []
    with ThreadPoolExecutor() as pool:
        results = pool.map(lambda path: _decode(path, size), paths)
        for row, pixels in enumerate(tqdm(results, desc=f"decoding {what}", total=len(paths), **BAR)):
            if pixels is None:
                broken.append(paths[row])
            else:
                images[row] = pixels
    if broken:
        raise ValueError(f"{len(broken)} of {len(paths)} images of {what} are damaged or no images: {named(broken)}")
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{key}.{os.getpid()}.npy")
    np.save(temporary, images)
    temporary.replace(place)
    return torch.from_numpy(images)


def _decode(path: Path, size: int) -> np.ndarray | None:
    try:
        with Image.open(path) as image:
            small = image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
        return np.asarray(small).transpose(2, 0, 1)
    except (OSError, UnidentifiedImageError, SyntaxError):  # Pillow reports broken PNG files as SyntaxError
        return None
