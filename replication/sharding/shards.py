"""What one worker does with one shard: read its rows, plan them, and write the batches."""

import copy
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import LongTensor, Tensor

from replication.losses import batch_losses
from replication.selection import BatchSelector, FixedBatches
from replication.sharding.parts import Parts, save_part
from replication.validation import unit_rows


@dataclass(frozen=True)
class Shard:
    """One job.

    Attributes:
        name: "round 1, shard 3".
        u, v: the embeddings of the whole set.
        order, start, stop: a .npy file of samples, and the place in it of those of this shard.
        selector: plans them.
        improve: the samples of the shard stand in batches already, which are to become harder.
        temperature: of the loss by which hardness is judged.
        seed: of the selector's randomness.
        batches, middles: .npy files to write: batches [m, B], and the mean [m, d] of each one's pairs.
    """

    name: str
    u: Parts
    v: Parts
    order: str
    start: int
    stop: int
    selector: BatchSelector
    improve: bool
    temperature: float
    seed: int
    batches: str
    middles: str


def plan_shard(shard: Shard) -> dict:
    """Plan one shard, write its batches, and return what it was like.

    Returns:
        shard; batches; loss, their mean in nats; before, that of the batches it began with (NaN if there were none);
        seconds; bytes of embeddings read; peak memory (MiB) of the process so far.

    Raises:
        ValueError: the selector does not partition the samples, or a part of the embeddings cannot be read.
        OSError: the batches cannot be written, as on a full disk. One line names the shard.
    """
    begin = time.perf_counter()
    samples = np.array(np.load(shard.order, mmap_mode="r")[shard.start : shard.stop])
    index = np.sort(samples)
    u = torch.from_numpy(shard.u.rows(index))
    v = u if shard.v is shard.u else torch.from_numpy(shard.v.rows(index))
    read = u.nbytes + (0 if v is u else v.nbytes)
    size = shard.selector.batch_size
    start = torch.from_numpy(np.searchsorted(index, samples)).view(-1, size) if shard.improve else None
    rows = one_thread(shard.selector, start).select(u, v, torch.Generator().manual_seed(shard.seed))
    check_partition(shard, rows, len(index))
    u, v = unit_rows("u", u), unit_rows("v", v)
    loss, before = _loss(u, v, rows, shard.temperature), float("nan")
    if start is not None:
        before = _loss(u, v, start, shard.temperature)
        if before >= loss:
            rows, loss = start, before
    save_part(shard.name, shard.batches, index[rows.numpy()])
    save_part(shard.name, shard.middles, (u + v)[rows].mean(dim=1).numpy())
    return {"shard": shard.name, "batches": len(rows), "loss": loss, "before": before} | {
        "seconds": time.perf_counter() - begin,
        "bytes": read,
        "peak memory (MiB)": peak_memory(),
    }


def one_thread(selector: BatchSelector, start: LongTensor | None) -> BatchSelector:
    """Return the selector for one worker, which is one thread, and that goes on from batches where it can start from some."""
    selector = copy.copy(selector)
    if getattr(selector, "workers", 1) is None:
        selector.workers = 1
    if start is not None and hasattr(selector, "refine"):
        selector.refine = FixedBatches(batches=start)
    return selector


def check_partition(shard: Shard, rows: LongTensor, samples: int) -> None:
    """Raise ValueError if `rows` is not a partition of the shard's samples."""
    expected = [samples // shard.selector.batch_size, shard.selector.batch_size]
    if list(rows.shape) != expected or len(rows.unique()) != rows.numel():
        name = type(shard.selector).__name__
        raise ValueError(
            f"{shard.name}: selector={name} gave batches {list(rows.shape)}; it must partition the samples into {expected}"
        )


def _loss(u: Tensor, v: Tensor, rows: LongTensor, temperature: float) -> float:
    return float(batch_losses(u, v, rows, temperature, validate=False).double().mean())


def peak_memory() -> float:
    """Return the largest resident memory (MiB) that this process has had; 0 where the system does not say."""
    # Linux hands `ru_maxrss` on to a started program: a worker would answer for the process that started it.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8")).group(1)) / 2**10
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
