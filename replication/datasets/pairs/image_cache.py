"""Arrays of decoded images on the disk, which all trainings of a grid share in memory."""

import os
import zlib
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from replication import files

PLACE = ".decoded"  # below data/; may be deleted at any time
CHUNK = 2**26  # bytes


def read_or_write(key: str, shape: tuple[int, ...], make: Callable[[], Iterable[np.ndarray]]) -> Tensor:
    """Return the uint8 array [shape] that is kept under `key`; where it is missing or damaged, `make` gives its rows anew.

    It is mapped into memory: processes that read it share it, and it may exceed the free memory. Writing to the returned
    tensor does not change the file. Files are named by their own checksum, and appear whole or not at all.

    Raises:
        OSError: the folder cannot be written; as soon as that shows.
        Whatever `make` raises.
    """
    folder = files.data_dir() / PLACE
    for place in folder.glob(f"{key}-*.npy"):
        images = _read(place, shape)
        if images is not None:
            return images
        place.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{key}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            check = 0
            for row in make():
                content = row.tobytes()
                check = zlib.crc32(content, check)
                file.write(content)
        place = folder / f"{key}-{check:08x}.npy"
        temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
    return _map(place)


def _map(place) -> Tensor:
    return torch.from_numpy(np.load(place, mmap_mode="c"))  # copy on write: torch warns of arrays that are read-only


def _read(place, shape: tuple[int, ...]) -> Tensor | None:
    try:
        images = _map(place)
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if images.shape != shape or images.dtype != torch.uint8:
        return None
    check = 0
    for part in images.view(-1).split(CHUNK):
        check = zlib.crc32(part.numpy(), check)
    return images if place.stem.endswith(f"-{check:08x}") else None
