"""Features of your own pairs, from and to a NumPy file: `numpy.savez("pairs.npz", u=u, v=v)`.

| array | shape | what |
|---|---|---|
| `u` | [N, d1] or [views, N, d1] | the left side of N items, such as images |
| `v` | [N, d2] or [N, captions, d2] | the right side; an item may have several captions |
| `group` | [N], optional | integers: items of one group are likely false negatives of each other |
| `split` | [N], optional | "train", "val" or "test" (texts); without it, a tenth each is drawn for val and test |

Floating-point of any kind; it becomes float32. Nothing is unpickled.
"""

import warnings
import zipfile
from pathlib import Path

import numpy as np
import torch

from replication.features.pair_features import PairFeatures, check_finite_rows
from replication.files import whole
from replication.validation import check_count

SPLITS = ("train", "val", "test")
KNOWN = ("u", "v", "group", "split")
LEAST_BATCHES = 4  # of an epoch: with fewer, choosing among them means nothing


def read_npz(path: Path | str, batch_size: int = 0) -> dict[str, PairFeatures]:
    """Return the features of a file by split; equal rows of `u` in two splits are warned of and counted.

    Args:
        path: of the file; see the module's table.
        batch_size: B, or 0; the training split must hold at least 4B items.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: in one line: no .npz file, pickled objects, an array that is missing, unknown or of a wrong kind or shape,
            rows with NaN or infinity, an empty split, too few items for the batch size.
    """
    path = Path(path)
    return splits_of_arrays(_read(path), batch_size, path.stem, str(path))


def splits_of_arrays(
    arrays: dict[str, np.ndarray], batch_size: int = 0, name: str = "pairs", where: str = "the arrays"
) -> dict[str, PairFeatures]:
    """Return the features of arrays by split, as `read_npz` does of a file.

    Args:
        arrays: by name; see the module's table.
        batch_size: B, or 0; the training split must hold at least 4B items.
        name: of the data, for tables.
        where: what messages call the place that the arrays come from.

    Raises:
        ValueError: as `read_npz`.
    """
    u, v = _floats(where, "u", arrays["u"], (2, 3)), _floats(where, "v", arrays["v"], (2, 3))
    u, v = (u if u.ndim == 3 else u[None]), (v if v.ndim == 3 else v[:, None])
    count = u.shape[1]
    for key in KNOWN[1:]:
        if key in arrays and (arrays[key].ndim == 0 or len(arrays[key]) != count):
            raise ValueError(f"{key} in {where} has {len(np.atleast_1d(arrays[key]))} rows; u has {count}: one for each item")
    groups = _groups(where, arrays["group"]) if "group" in arrays else None
    if "split" not in arrays and count < 10:
        raise ValueError(f"{where} has {count} items; it must have >= 10, as a tenth each is held out for val and test")
    rows = _given(where, arrays["split"]) if "split" in arrays else divide(count)
    for split in SPLITS:
        if not len(rows[split]):
            raise ValueError(f"split in {where} has no item of {split!r}; each of {', '.join(map(repr, SPLITS))} needs some")
    training = len(rows["train"])
    if batch_size and training < LEAST_BATCHES * check_count("batch_size", batch_size, 2):
        raise ValueError(
            f"batch_size={batch_size} needs {LEAST_BATCHES * batch_size} or more items to train on (four batches); "
            f"{where} has {training} of {count}"
        )
    for side, x in (("u", u.flatten(0, 1)), ("v", v.flatten(0, 1))):
        check_finite_rows(f"{side} in {where}", x)
    _warn_of_copies(where, u, rows)
    whole_file = PairFeatures(name, "", u, v.flatten(0, 1), torch.full((count,), v.shape[1]), groups)
    found = {}
    for split in SPLITS:
        part = whole_file.rows(torch.from_numpy(rows[split]))
        found[split] = PairFeatures(name, split, part.left, part.right, part.counts, part.groups)
    return found


def write_npz(path: Path | str, features: dict[str, PairFeatures]) -> None:
    """Write the splits into one file that `read_npz` reads; whole or not at all.

    Raises:
        ValueError: the items have different numbers of captions, or the splits different numbers of views.
    """
    parts = list(features.values())
    counts = torch.cat([part.counts for part in parts]).unique().tolist()
    views = sorted({part.views for part in parts})
    if len(counts) > 1 or len(views) > 1:
        raise ValueError(f"items have {counts} captions and {views} views; a .npz file needs the same number of each for all")
    arrays = {
        "u": torch.cat([part.left for part in parts], dim=1).numpy(),
        "v": torch.cat([part.right.view(len(part), counts[0], -1) for part in parts]).numpy(),
        "split": np.array([split for split, part in features.items() for _ in range(len(part))]),
    }
    if all(part.groups is not None for part in parts):
        arrays["group"] = torch.cat([part.groups for part in parts]).numpy()
    with whole(Path(path)) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)


def divide(count: int) -> dict[str, np.ndarray]:
    """Return the rows of each split where a file names none: a random tenth each for val and test, always the same."""
    order = np.random.default_rng(0).permutation(count)
    tenth = count // 10
    parts = {"val": order[:tenth], "test": order[tenth : 2 * tenth], "train": order[2 * tenth :]}
    return {split: np.sort(parts[split]) for split in SPLITS}


def _read(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no .npz file; write one with numpy.savez({path.stem + '.npz'!r}, u=u, v=v)")
    arrays = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                arrays[name] = file[name]
    except ValueError as error:
        if "pickle" not in str(error):
            raise ValueError(f"{path} is damaged: {' '.join(str(error).split())[:120]}") from None
        raise ValueError(f"{path} holds pickled objects, which are not read; save plain arrays of numbers") from None
    except Exception as error:  # zip files that are cut off or changed fail in many ways
        raise ValueError(f"{path} is damaged: {type(error).__name__} {' '.join(str(error).split())[:120]}") from None
    missing, unknown = [n for n in ("u", "v") if n not in arrays], [n for n in arrays if n not in KNOWN]
    if missing or unknown:
        what = f"lacks {', '.join(missing)}" if missing else f"has unknown arrays {', '.join(unknown)}"
        raise ValueError(f"{path} {what}; it must hold u and v, and may hold group and split")
    return arrays


def _floats(where: str, name: str, x: np.ndarray, dimensions: tuple[int, ...]) -> torch.Tensor:
    shapes = {"u": "[N, d] or [views, N, d]", "v": "[N, d] or [N, captions, d]"}
    if x.dtype.kind != "f":
        raise ValueError(f"{name} in {where} is {x.dtype}; it must be floating-point {shapes[name]}")
    if x.ndim not in dimensions or 0 in x.shape:
        raise ValueError(f"{name} in {where} has shape {list(x.shape)}; it must be {shapes[name]}, none of them 0")
    with np.errstate(over="ignore"):  # too large for float32 becomes infinity, which is refused by its row
        return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


def _groups(where: str, x: np.ndarray) -> torch.Tensor:
    if x.dtype.kind not in "iub" or x.ndim != 1:
        raise ValueError(f"group in {where} is {x.dtype} {list(x.shape)}; it must be integers [N]")
    return torch.from_numpy(np.ascontiguousarray(x).astype(np.int64))


def _given(where: str, x: np.ndarray) -> dict[str, np.ndarray]:
    if x.dtype.kind == "O" and all(isinstance(text, str) for text in x.ravel()):  # texts of a pandas column
        x = x.astype(str)
    if x.dtype.kind != "U" or x.ndim != 1 or not set(x.tolist()) <= set(SPLITS):
        found = f"{sorted(set(x.tolist()))[:4]}" if x.dtype.kind == "U" else f"{x.dtype} {list(x.shape)}"
        raise ValueError(f"split in {where} is {found}; it must be texts [N], each of {', '.join(map(repr, SPLITS))}")
    return {split: np.flatnonzero(x == split) for split in SPLITS}


def _warn_of_copies(where: str, u: torch.Tensor, rows: dict[str, np.ndarray]) -> None:
    seen = {split: {row.tobytes() for row in u[0, torch.from_numpy(rows[split])].numpy()} for split in SPLITS}
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        if both := len(seen[one] & seen[other]):
            warnings.warn(
                f"{where}: {both} different rows of u are in both {one!r} and {other!r}: what is learnt there is tested",
                stacklevel=3,
            )
