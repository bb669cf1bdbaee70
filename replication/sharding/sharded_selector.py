"""Plans of sets too large for one process: shards of alike samples, planned one by one and joined in further rounds."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from replication.cluster import check_shared
from replication.seeding import derived_seed
from replication.selection.base import BatchSelector
from replication.selection.kernels.grouping import group_alike
from replication.selection.stored_plan import StoredPlan, check_new_folder, write_plan
from replication.sharding.cells import centres_of, write_cells
from replication.sharding.parts import Parts, save_part
from replication.sharding.shards import Shard, plan_shard
from replication.sharding.sources import open_source
from replication.sharding.workers import on_workers
from replication.torch_settings import plain_tensors
from replication.validation import check_count

CELLS_PER_SHARD = 16
MOST_CELLS = 2**14  # time to find a sample's cell grows with their number


class ShardedSelector:
    """Lets a selector plan a large set shard by shard.

    1. FAISS k-means finds cells in a sample of the pairs, and every pair gets its cell. Cells that lie together fill shards of
       equal size, so a shard holds pairs that are alike.
    2. The selector plans each shard.
    3. Each further round cuts other shards, whole batches of the round before that lie together, by a random tree over their
       means. So what one cut has separated can meet in the next. A selector that can start from batches (`SwapSearch`) goes
       on from them; another one plans anew, and a shard keeps the harder of its two plans.

    The shards' sizes are multiples of B, so only N mod B samples, random ones, are left over, as in any plan of one process.
    The plan depends on the embeddings, the selector and the seed, and not on the workers.

    The process that calls needs about 60 bytes for each sample (counted, not measured), and a worker the memory of the
    selector for one shard.

    Args:
        selector: partitions a shard's samples into batches; its `workers` becomes 1 unless it is given.
        shard_size: samples in a shard, >= 2 B; at most, as it is rounded down to whole batches.
        rounds: >= 1.

    Attributes:
        reports: of the last plan, one dict for each shard and round; see `shards.plan_shard`.

    Raises:
        TypeError, ValueError: no selector with a batch size, or a number out of range.
    """

    def __init__(self, selector: BatchSelector, shard_size: int = 25_000, rounds: int = 2):
        if not isinstance(selector, BatchSelector) or selector.batch_size is None:
            raise TypeError(f"selector={selector!r} must be a BatchSelector with a batch size, such as SwapSearch(32)")
        self.selector = selector
        self.shard_size = check_count("shard_size", shard_size, 2 * selector.batch_size)
        self.rounds = check_count("rounds", rounds, 1)
        self.reports: list[dict] = []

    def __repr__(self) -> str:
        return f"ShardedSelector({self.selector!r}, shard_size={self.shard_size}, rounds={self.rounds})"

    @plain_tensors()
    def write_plan(self, u, v=None, folder: str | Path = "plan", seed: int = 0, client=None) -> StoredPlan:
        """Plan all samples, and write the plan to a new folder, whole or not at all.

        Args:
            u, v: embeddings [N, d], float16 or float32, of the two views; None: `v` is `u`. The path of a .npy file, of a
                folder of numbered .npy parts, or of a Zarr array; or a Dask array.
            folder: for the plan; must not exist. Beside it lies, while the work goes on, a hidden folder with the rounds.
            seed: >= 0, of all randomness.
            client: of a Dask cluster; see `replication.cluster.connect`. None: one shard after the other, here.

        Returns:
            The plan, as `FixedBatches(batches=folder)` reads it.

        Raises:
            TypeError, ValueError: embeddings that cannot be planned: one line names the argument and its part.
            OSError: a full disk: one line names what could not be written.
            ClusterError: no worker, a folder that workers do not see, or a worker that dies again and again.
        """
        folder, seed = Path(folder), check_count("seed", seed, 0)
        check_new_folder(folder)
        scratch = folder.with_name(f".{folder.name}.rounds")
        shutil.rmtree(scratch, ignore_errors=True)  # of a call that was killed
        scratch.mkdir(parents=True)
        try:
            if client is not None:
                check_shared(client, scratch)
            u = open_source("u", u, scratch, client)
            v = u if v is None else open_source("v", v, scratch, client)
            self._check(u, v)
            self.reports = []
            order = self._first_order(u, v, scratch, seed, client)
            for number in range(1, self.rounds + 1):
                batches, middles = self._round(number, u, v, order, scratch, seed, client)
                if number < self.rounds:
                    groups = group_alike(torch.from_numpy(middles), self._shard_batches, _generator(seed, "cut", number))
                    order = [batches[group.numpy()].reshape(-1) for group in groups]
            return write_plan(folder, batches, len(u), seed, self._described())
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    @property
    def _shard_batches(self) -> int:
        return self.shard_size // self.selector.batch_size

    def _described(self) -> str:
        return f"ShardedSelector({self.selector.described(True)}, {self.shard_size}, {self.rounds})"

    def _check(self, u: Parts, v: Parts) -> None:
        if len(u) < self.shard_size:
            raise ValueError(
                f"u has {len(u)} samples; shard_size={self.shard_size} must be no more, or one process can plan them: "
                f"{type(self.selector).__name__}.select(u, v)"
            )
        if (len(v), v.dimensions, v.dtype) != (len(u), u.dimensions, u.dtype):
            mine, theirs = (f"{x.dtype} of shape [{len(x)}, {x.dimensions}]" for x in (v, u))
            raise ValueError(f"v is {mine}; it must be as u, {theirs}")

    def _first_order(self, u: Parts, v: Parts, scratch: Path, seed: int, client) -> list[np.ndarray]:
        """Return the samples of each shard of the first round: cells that lie together, N mod B random samples left out."""
        size = self.selector.batch_size
        shards = -(-(len(u) // size) // self._shard_batches)
        cells = max(1, min(CELLS_PER_SHARD * shards, MOST_CELLS, len(u) // 4))
        centres = centres_of(u, v, cells, derived_seed(seed, "cells"))
        blocks = list(u.blocks())
        paths = [str((scratch / f"cells-{number:05d}.npy").resolve()) for number in range(len(blocks))]
        on_workers(client, "cells", write_cells, [(u, v, centres, *pair) for pair in zip(blocks, paths, strict=True)])
        cell = np.concatenate([np.load(path) for path in paths])
        left = torch.randperm(len(u), generator=_generator(seed, "left over"))[: len(u) % size].numpy()
        order = np.argsort(cell, kind="stable")
        order = order[~np.isin(order, left)]
        cuts = [len(order) // size * shard // shards * size for shard in range(shards + 1)]
        return [order[start:stop] for start, stop in pairwise(cuts)]

    def _round(self, number: int, u: Parts, v: Parts, order: list[np.ndarray], scratch: Path, seed: int, client):
        """Let the workers plan all shards; return the batches [M, B] and their means [M, d]."""
        place = (scratch / f"round-{number}").resolve()
        place.mkdir()
        save_part(f"round {number}, its order", place / "order.npy", np.concatenate(order))
        stops = np.cumsum([len(samples) for samples in order]).tolist()
        jobs = [
            Shard(
                name=f"round {number}, shard {shard}",
                u=u,
                v=v,
                order=str(place / "order.npy"),
                start=start,
                stop=stop,
                selector=self.selector,
                improve=number > 1,
                temperature=getattr(self.selector, "temperature", 1.0),
                seed=derived_seed(seed, "shard", number, shard),
                batches=str(place / f"batches-{shard:05d}.npy"),
                middles=str(place / f"middles-{shard:05d}.npy"),
            )
            for shard, (start, stop) in enumerate(pairwise([0, *stops]))
        ]
        self.reports += on_workers(client, f"round {number}, shard", plan_shard, [(job,) for job in jobs])
        return tuple(np.concatenate([np.load(getattr(job, what)) for job in jobs]) for what in ("batches", "middles"))


def _generator(seed: int, purpose: str, *indices: int) -> torch.Generator:
    return torch.Generator().manual_seed(derived_seed(seed, purpose, *indices))
