"""What embeddings may come as: a .npy file, a folder of .npy parts, Zarr, or a Dask array."""

import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from replication.sharding.parts import TYPES, Parts, parts_of

ZARR_FILES = ("zarr.json", ".zarray")


def open_source(name: str, source, scratch: Path, client=None) -> Parts:
    """Return embeddings [N, d] as .npy parts; Zarr and Dask arrays are first copied to such parts below `scratch`.

    The copy is made by Dask's workers, chunk by chunk: rows of a shard lie all over the set, and to read a few of them from a
    compressed chunk takes the whole chunk each time.

    Args:
        name: of the argument, for messages.
        source: path of a .npy file, of a folder of them (numbered, if there are several), or of a Zarr array; or a Dask array.
        scratch: a folder that every worker sees.
        client: of the workers that copy; None: those that Dask takes by itself.

    Raises:
        TypeError, ValueError: something else, no such file, a number missing among the parts, or as `parts_of`.
    """
    if hasattr(source, "__dask_graph__"):
        return _copied(name, source, scratch, client)
    if not isinstance(source, str | Path):
        found = type(source).__name__
        raise TypeError(f"{name} is {found}; it must be the path of .npy files or of a Zarr array, or a Dask array")
    path = Path(source)
    if not path.exists():
        raise ValueError(f"{name}={str(path)!r} does not exist")
    if path.is_file():
        return parts_of(name, [path])
    if any((path / each).is_file() for each in ZARR_FILES):
        import dask.array

        return _copied(name, dask.array.from_zarr(str(path)), scratch, client)
    return parts_of(name, numbered(name, path))


def numbered(name: str, folder: Path) -> list[Path]:
    """Return the .npy files of a folder in the order of the last number in their names.

    Raises:
        ValueError: several files, and one without a number, a number twice, or one missing between the first and the last.
    """
    paths = list(folder.glob("[!.]*.npy"))
    if len(paths) < 2:
        return paths
    numbers: dict[int, Path] = {}
    for path in sorted(paths):
        found = re.findall(r"\d+", path.stem)
        if not found or int(found[-1]) in numbers:
            raise ValueError(f"{name}: {path} must end in a number of its own, as parts-00012.npy: it gives the order")
        numbers[int(found[-1])] = path
    missing = sorted(set(range(min(numbers), max(numbers))) - set(numbers))
    if missing:
        raise ValueError(f"{name}: part {missing[0]} is missing in {folder} ({len(paths)} parts, the last is {max(numbers)})")
    return [numbers[number] for number in sorted(numbers)]


def _copied(name: str, array, scratch: Path, client) -> Parts:
    import dask
    import dask.array

    if str(array.dtype) not in TYPES:
        raise TypeError(f"{name} is {array.dtype}; it must be one of {', '.join(TYPES)}")
    if array.ndim != 2 or np.isnan(array.shape).any() or 0 in array.shape:
        raise ValueError(f"{name} has shape {list(array.shape)}; it must be [N, d], with chunks of known size")
    folder = scratch / name
    with nullcontext() if client is None else dask.config.set(scheduler=client):
        dask.array.to_npy_stack(str(folder), array.rechunk({1: -1}), axis=0)
    return parts_of(name, numbered(name, folder))
