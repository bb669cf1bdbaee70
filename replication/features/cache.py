"""Features on the disk, named by everything that decides them."""

import hashlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from replication import files

PLACE = ".features"  # below data/; may be deleted at any time
METHOD = 1  # to be raised whenever the same inputs shall give other features, so that arrays from before are not used


def cached(decided_by: dict, make: Callable[[], Tensor]) -> Tensor:
    """Return the float32 array that `make` gives, from the disk if it was made before.

    The file's name is a checksum of all that decides the features, and one of what it holds; it appears whole or not at all.
    A damaged file is made anew.

    Args:
        decided_by: plain values: checksums of data and weights, the name of the tower, the views.
        make: called where there is no such file, or where it is damaged.

    Raises:
        OSError: the folder cannot be written.
        Whatever `make` raises; no file is left then.
    """
    text = json.dumps(decided_by | {"method": METHOD}, sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = files.data_dir() / PLACE
    for place in folder.glob(f"{key}-*.npy"):
        features = _read(place)
        if features is not None:
            return features
        place.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)  # before the work: that it cannot be written shows now
    features = make().contiguous()
    with files.whole(folder / f"{key}-{_checksum(features.numpy()):08x}.npy") as temporary, open(temporary, "wb") as file:
        np.save(file, features.numpy())
    return features


def checksum_of_images(images: Tensor) -> str:
    """Return the SHA-256 of images uint8 [N, 3, H, W], their shape included."""
    digest = hashlib.sha256(str(list(images.shape)).encode())
    for block in images.split(4096):  # mapped into memory, perhaps larger than it
        digest.update(block.contiguous().numpy())
    return digest.hexdigest()


def checksum_of_texts(texts: list[str]) -> str:
    """Return the SHA-256 of texts, their bounds included."""
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def checksum_of_folder(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of all files below a folder, hidden ones left out."""
    places = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [path for path in places if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    listing = [f"{path.relative_to(folder).as_posix()} {files.sha256(path)}" for path in named]
    return hashlib.sha256("\n".join(listing).encode()).hexdigest()


def _checksum(features: np.ndarray) -> int:
    return zlib.crc32(features, zlib.crc32(str(features.shape).encode()))


def _read(place: Path) -> Tensor | None:
    try:
        features = np.load(place, allow_pickle=False)
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if features.dtype != np.float32 or not place.stem.endswith(f"-{_checksum(np.ascontiguousarray(features)):08x}"):
        return None
    return torch.from_numpy(features)
