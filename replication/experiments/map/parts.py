"""Finished trainings of heads, kept on the disk in parts, so that a run that was broken off goes on where it was."""

import hashlib
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from replication.features import PairFeatures
from replication.files import whole
from replication.heads import HeadSettings, TrainedHeads, Training
from replication.heads.training import PROTOCOL

FOLDER = "trainings/map"  # below a results folder; git does not hold it


def checksum_of_features(parts: list[PairFeatures]) -> str:
    """Return the SHA-256 of features, captions' counts and groups."""
    digest = hashlib.sha256()
    for part in parts:
        for x in (part.left, part.right, part.counts, part.groups):
            digest.update(b"none" if x is None else f"{list(x.shape)}".encode() + x.contiguous().numpy().tobytes())
    return digest.hexdigest()


def part_path(folder: Path, data: str, settings: HeadSettings, trainings: list[Training]) -> Path:
    """Return the file of a part in a results folder; its name stands for all that decides the trainings' numbers."""
    decided = {"data": data, "settings": settings.plain(), "trainings": [asdict(t) for t in trainings], "protocol": PROTOCOL}
    digest = hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:16]
    return folder / FOLDER / f"B{settings.batch_size}-{digest}.npz"


def write_part(path: Path, results: list[TrainedHeads]) -> None:
    """Write the results without their heads; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ranks = {side: np.stack([r.test_ranks[side].cpu().numpy() for r in results]).astype(np.int32) for side in ("u2v", "v2u")}
    records = json.dumps([result.record() for result in results])
    with whole(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, records=np.array(records), **ranks)


def read_part(path: Path, trainings: list[Training]) -> list[TrainedHeads] | None:
    """Return the results of a part, in the order of `trainings`; None if there is no file, or it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            records = json.loads(str(file["records"]))
            ranks = {side: torch.from_numpy(file[side].astype(np.int64)) for side in ("u2v", "v2u")}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
    if [Training(r["method"], r["seed"], r["lr"]) for r in records] != trainings:
        return None
    results = []
    for place, (training, record) in enumerate(zip(trainings, records, strict=True)):
        fields = {name: record[name] for name in ("curve", "best_epoch", "validation", "test", "seconds", "updates")}
        test_ranks = {side: of_side[place] for side, of_side in ranks.items()}
        results.append(TrainedHeads(training, test_ranks=test_ranks, **fields))
    return results
