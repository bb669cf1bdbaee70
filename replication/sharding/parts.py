"""Embeddings [N, d] in .npy parts, read as memory maps: each process holds only the rows that it asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from replication.files import whole

TYPES = ("float16", "float32")
BLOCK = 2**17  # rows that a worker looks at together


@dataclass(frozen=True)
class Parts:
    """Embeddings of one view.

    Attributes:
        name: the argument by which messages call them, "u" or "v".
        paths: of the parts, in the order of the samples.
        ends: for each part, how many rows lie in it and those before it.
        dimensions, dtype: of the rows.
    """

    name: str
    paths: tuple[str, ...]
    ends: tuple[int, ...]
    dimensions: int
    dtype: str

    def __len__(self) -> int:
        return self.ends[-1]

    def blocks(self) -> Iterator[tuple[int, int, int]]:
        """Yield (part, start, stop) of blocks of at most `BLOCK` rows; start and stop count from the part's beginning."""
        for part, (begin, end) in enumerate(zip((0, *self.ends), self.ends, strict=False)):
            for start in range(0, end - begin, BLOCK):
                yield part, start, min(start + BLOCK, end - begin)

    def block(self, part: int, start: int, stop: int) -> np.ndarray:
        """Return rows of one part after a look at each.

        Raises:
            ValueError: a row holds NaN or infinity or is the zero vector, or the part is damaged or missing by now; one line
                names the part.
        """
        rows = np.array(self._open(part)[start:stop])
        self._check(rows, lambda position: (part, start + position))
        return rows

    def _check(self, rows: np.ndarray, place) -> None:
        """Raise ValueError if a row has no direction; place(its position) is its part and its row there."""
        for bad, what in ((~np.isfinite(rows).all(axis=1), "NaN or infinity"), (~rows.any(axis=1), "only zeros")):
            if bad.any():
                part, row = place(int(bad.argmax()))
                raise ValueError(f"{self._named(part)}: row {row} has {what}; every row must be finite and have a direction")

    def checked_rows(self, start: int, stop: int) -> np.ndarray:
        """Return samples start to stop - 1, from as many parts as they lie in, after a look at each; see `block`."""
        pieces = []
        for part, (begin, end) in enumerate(zip((0, *self.ends), self.ends, strict=False)):
            if begin < stop and end > start:
                pieces.append(self.block(part, max(start, begin) - begin, min(stop, end) - begin))
        return np.concatenate(pieces)

    def rows(self, index: np.ndarray) -> np.ndarray:
        """Return the rows of samples `index` [n], which must ascend: each part is opened once, and read forwards.

        Every row is looked at; see `block` for what is raised.
        """
        found = np.empty((len(index), self.dimensions), dtype=self.dtype)
        cuts = np.searchsorted(index, (0, *self.ends))
        for part, (low, high) in enumerate(pairwise(cuts)):
            if high > low:
                begin = self.ends[part - 1] if part else 0
                found[low:high] = self._open(part)[index[low:high] - begin]
                self._check(found[low:high], lambda position: (part, int(index[low + position]) - begin))  # noqa: B023
        return found

    def _open(self, part: int) -> np.ndarray:
        return open_part(self._named(part), self.paths[part])

    def _named(self, part: int) -> str:
        return f"{self.name} part {part} ({Path(self.paths[part]).name})"


def open_part(name: str, path: str | Path) -> np.ndarray:
    """Return the memory map of a .npy file; ValueError in one line that begins with `name` if it cannot be read."""
    try:
        return np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or f"it is damaged ({str(error).splitlines()[0]})"
        raise ValueError(f"{name} cannot be read: {reason}") from None


def save_part(name: str, path: str | Path, values: np.ndarray) -> None:
    """Write an array to a .npy file, whole or not at all; OSError in one line that begins with `name`, as on a full disk."""
    try:
        with whole(Path(path)) as temporary, open(temporary, "wb") as file:
            np.save(file, values)
    except OSError as error:
        raise OSError(f"{name} cannot be written: {error.strerror or error}") from None


def parts_of(name: str, paths: list[Path]) -> Parts:
    """Return the embeddings in some .npy files, in this order; only their headers are read.

    Raises:
        TypeError, ValueError: no files; a part that cannot be read, is not float16 or float32 of shape [n, d], or differs from
            the first in d or type. One line names it.
    """
    if not paths:
        raise ValueError(f"{name} has no .npy parts")
    counts, first = [], None
    for number, path in enumerate(paths):
        here = f"{name} part {number} ({path.name})"
        rows = open_part(here, path)
        if str(rows.dtype) not in TYPES:
            raise TypeError(f"{here} is {rows.dtype}; it must be one of {', '.join(TYPES)}")
        if rows.ndim != 2 or 0 in rows.shape:
            raise ValueError(f"{here} has shape {list(rows.shape)}; it must be [n, d]")
        first = rows if first is None else first
        if (rows.shape[1], rows.dtype) != (first.shape[1], first.dtype):
            raise ValueError(
                f"{here} holds {rows.dtype} of d={rows.shape[1]}; part 0 holds {first.dtype} of d={first.shape[1]}"
            )
        counts.append(len(rows))
    ends = tuple(int(end) for end in np.cumsum(counts))
    return Parts(name, tuple(str(path.resolve()) for path in paths), ends, first.shape[1], str(first.dtype))
