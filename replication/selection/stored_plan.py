"""A plan on disk: its batches as rows of integers in .npy parts, and a manifest; read as memory maps."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import torch

from replication.files import sha256
from replication.seeding import derived_seed
from replication.selection.base import random_order

MANIFEST = "plan.json"
FORMAT = 1
FIELDS = {"format": int, "samples": int, "batch_size": int, "batches": int, "seed": int, "selector": str, "parts": list}


class StoredPlan:
    """The batches [M, B] of a plan that `write_plan` left in a folder, as memory maps: no process holds them all.

    `plan[i]` is batch i as an int64 array [B], `len(plan)` is M. Batches stand in random order, so whoever reads the parts
    one after the other reads the disk in its order too.

    Attributes:
        folder: where it lies.
        num_samples, batch_size, seed: N, B and the seed of the plan.
        identity: the SHA-256 of its manifest, which holds the checksums of all parts.

    Raises:
        ValueError: the folder holds no plan; or a part is missing or not what the manifest says. One line names it.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        path = self.folder / MANIFEST
        try:
            text = path.read_bytes()
            manifest = json.loads(text)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is damaged"
            raise ValueError(f"{self.folder} holds no plan: {MANIFEST}: {reason}") from None
        for name, kind in FIELDS.items():
            if not isinstance(manifest, dict) or not isinstance(manifest.get(name), kind):
                raise ValueError(f"{self.folder} holds no plan: {MANIFEST} lacks {name!r}, or that is of another type")
        if manifest["format"] != FORMAT:
            raise ValueError(f"{self.folder} has a plan of format {manifest['format']}; this version reads {FORMAT}")
        self.identity = hashlib.sha256(text).hexdigest()
        self.num_samples, self.batch_size = manifest["samples"], manifest["batch_size"]
        self.seed, self.parts = manifest["seed"], manifest["parts"]
        self._maps = [self._open(part) for part in self.parts]
        self._ends = np.cumsum([len(rows) for rows in self._maps])

    def _open(self, part: dict) -> np.ndarray:
        try:
            rows = np.load(self.folder / part["file"], mmap_mode="r")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is damaged"
            raise ValueError(f"part {part['file']} of the plan in {self.folder} cannot be read: {reason}") from None
        if rows.shape != (part["batches"], self.batch_size) or rows.dtype.kind != "i":
            found = f"{rows.dtype} of shape {list(rows.shape)}"
            expected = f"integers [{part['batches']}, {self.batch_size}]"
            raise ValueError(f"part {part['file']} of the plan in {self.folder} is {found}; it must hold {expected}")
        return rows

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, position: int) -> np.ndarray:
        if not 0 <= position < len(self):
            raise IndexError(f"batch {position} of a plan of {len(self)}")
        part = int(np.searchsorted(self._ends, position, side="right"))
        return self._maps[part][position - self._ends[part]].astype(np.int64)

    def rows(self) -> torch.LongTensor:
        """Return all batches [M, B] in memory."""
        return torch.from_numpy(np.concatenate([rows.astype(np.int64) for rows in self._maps]))

    def verify(self) -> None:
        """Read every part, and compare it with its checksum; ValueError names the first that differs."""
        for part in self.parts:
            if sha256(self.folder / part["file"]) != part["sha256"]:
                raise ValueError(f"part {part['file']} of the plan in {self.folder} differs from its checksum")

    def described(self, identity: bool = False) -> str:
        """Return the plan in one line: its checksum if `identity`, else its folder."""
        return f"<plan {self.identity[:16]}>" if identity else f"StoredPlan({str(self.folder)!r})"

    def __repr__(self) -> str:
        return self.described()


def check_new_folder(folder: Path) -> None:
    """Raise ValueError if `folder` exists: a plan is never written over something else."""
    if folder.exists():
        raise ValueError(f"folder={str(folder)!r} exists; a plan is written to a new one")


def write_plan(
    folder: str | Path, batches: np.ndarray, num_samples: int, seed: int, selector: str, per_part: int = 2**15
) -> StoredPlan:
    """Write batches [M, B], perhaps a memory map, to a new folder in random order, whole or not at all; return the plan.

    Args:
        folder: must not exist.
        batches: integer indices of samples.
        num_samples: N.
        seed: of the order; it is kept in the manifest.
        selector: what made the batches, in one line.
        per_part: batches in a part.

    Raises:
        ValueError: the folder exists; or M is not floor(N/B).
        OSError: a part cannot be written, as on a full disk: one line names it. Then nothing is left.
    """
    folder = Path(folder)
    check_new_folder(folder)
    if len(batches) != num_samples // batches.shape[1]:
        raise ValueError(f"batches has shape {list(batches.shape)}; a plan of {num_samples} samples has floor(N/B) batches")
    order = random_order(len(batches), torch.Generator().manual_seed(derived_seed(seed, "order of batches"))).numpy()
    kind = np.int32 if num_samples <= np.iinfo(np.int32).max else np.int64
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    path, parts = temporary, []
    try:
        temporary.mkdir(parents=True)
        for number, start in enumerate(range(0, len(batches), per_part)):
            path = temporary / f"batches-{number:05d}.npy"
            rows = np.asarray(batches[order[start : start + per_part]], dtype=kind)
            with open(path, "wb") as file:
                np.save(file, rows)
                file.flush()
                os.fsync(file.fileno())
            parts.append({"file": path.name, "batches": len(rows), "sha256": sha256(path)})
        path = temporary / MANIFEST
        manifest = {"format": FORMAT, "samples": num_samples, "batch_size": batches.shape[1], "batches": len(batches)}
        manifest |= {"seed": seed, "selector": selector, "parts": parts}
        path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        temporary.rename(folder)
    except OSError as error:
        raise OSError(f"{path.name} of the plan in {folder} cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return StoredPlan(folder)
