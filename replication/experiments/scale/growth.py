"""Plan sets of growing size in shards, and, as far as it goes, in one process."""

import math
import tempfile
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from replication.cluster import connect
from replication.experiments.scale.checks import CHUNK
from replication.experiments.scale.measured_sizes import MeasuredSizes
from replication.experiments.scale.mixture import write_mixture
from replication.experiments.scale.tiled import write_tiled
from replication.losses import mini_batch_loss
from replication.machine import with_peak_memory
from replication.seeding import derived_seed
from replication.selection import BatchSelector, ShuffledBatches, SwapSearch
from replication.sharding import ShardedSelector
from replication.sharding.parts import Parts, parts_of

WHOLE, SHARDED, RANDOM = "whole set", "in shards", "shuffled"


def growth(
    dataset: str,
    sizes: list[int],
    dimensions: int,
    batch_size: int,
    temperature: float,
    shard_size: int,
    rounds: int,
    workers: int,
    memory_limit: str,
    largest_whole: int,
    seed: int,
    kept: MeasuredSizes | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plan a set of each size in shards on workers of one thread, and whole in this process.

    Args:
        dataset: whose images `tiled` repeats; "": what `mixture` draws.
        sizes: numbers of pairs; a set smaller than a shard is one shard.
        dimensions: d.
        batch_size, temperature: of all plans.
        shard_size, rounds: of `ShardedSelector`.
        workers, memory_limit: processes of one thread, with what each may use; 0 workers: this process.
        largest_whole: sets beyond this size are not planned whole.
        seed: of data and plans.
        kept: sizes that were measured already, and where those of this call are kept.

    Returns:
        (hardness, cost) with a row for each size. `hardness`: mean batch loss (nats) of shuffled batches, of SwapSearch on
        chunks of 1,280 and of a shard's size, in shards after each round, and on the whole set. `cost`: seconds and peak
        memory (MiB) of the two ways, seconds of all workers in all shards and in each round, and what these read.
    """
    settings = {name: value for name, value in locals().items() if name not in ("sizes", "kept")}
    kept = kept or MeasuredSizes()
    search = SwapSearch(batch_size, temperature=temperature)

    def measure(size: int) -> list[dict]:
        """Return the rows of one size: hardness, cost."""
        _warm_up(search)
        with tempfile.TemporaryDirectory(prefix="scale-") as place:
            folders = _write(Path(place), dataset, size, dimensions, seed)
            u, v = (parts_of(folder.name, sorted(folder.glob("*.npy"))) for folder in folders)
            sharded = ShardedSelector(search, min(shard_size, size), rounds)
            losses, seconds = _in_shards(sharded, folders, Path(place) / "plan", workers, memory_limit, seed)
            losses = references(u, v, batch_size, temperature, min(shard_size, size), seed) | losses
            if size <= largest_whole:
                losses[WHOLE], found = _whole(search, u, v, temperature, seed)
                seconds |= found
        return [{"N": size} | losses, {"N": size, "rounds": rounds, "workers": workers} | seconds]

    found = [kept.measured(size, settings, partial(measure, size)) for size in sizes]
    hardness, cost = (pd.DataFrame(list(rows)) for rows in zip(*found, strict=True))
    return hardness, cost


def _write(place: Path, dataset: str, size: int, dimensions: int, seed: int) -> tuple[Path, Path]:
    if dataset:
        return write_tiled(place, dataset, size, dimensions, seed)
    return write_mixture(place, size, dimensions, seed)


def with_shares(hardness: pd.DataFrame) -> pd.DataFrame:
    """Return `hardness` with the share that plans in shards keep of the whole set's gain over shuffled batches."""
    if WHOLE not in hardness:
        return hardness
    gains = hardness[[SHARDED, WHOLE]].sub(hardness[RANDOM], axis=0)
    return hardness.assign(**{"share of the gain": gains[SHARDED] / gains[WHOLE]})


def exponent(cost: pd.DataFrame) -> float:
    """Return the slope of log seconds over log N of plans in shards, between the two largest sets; NaN with one."""
    if len(cost) < 2:
        return math.nan
    last = np.log(cost[["N", f"{SHARDED} (s)"]].to_numpy(dtype=float)[-2:])
    return float((last[1, 1] - last[0, 1]) / (last[1, 0] - last[0, 0]))


def _warm_up(search: BatchSelector) -> None:
    """Let a process load libraries and compiled code, which no size shall be charged for."""
    search.select(torch.randn(2 * CHUNK, 8, generator=torch.Generator().manual_seed(0)))


def _in_shards(selector: ShardedSelector, folders, place: Path, workers: int, memory_limit: str, seed: int):
    cluster = connect("local", n_workers=workers, memory_limit=memory_limit) if workers else nullcontext()
    with cluster as client:
        if client is not None:
            client.wait_for_workers(workers)
            client.run(_warm_up, selector.selector)
        begin = time.perf_counter()
        selector.write_plan(*folders, place, seed, client)
        seconds = time.perf_counter() - begin
        if client is not None:
            client.cluster.close()
    reports = pd.DataFrame(selector.reports)
    rounds = reports.shard.str.extract(r"^round (\d+)")[0].astype(int)
    weighted = (reports.loss * reports.batches).groupby(rounds).sum() / reports.batches.groupby(rounds).sum()
    losses = {f"{SHARDED}, round {number}": loss for number, loss in weighted.iloc[:-1].items()} | {SHARDED: weighted.iloc[-1]}
    found = {
        f"{SHARDED} (s)": seconds,
        "of it in shards (s, all workers)": reports.seconds.sum(),
        **{f"in round {number} (s)": seconds for number, seconds in reports.seconds.groupby(rounds).sum().items()},
        "peak memory of a worker (MiB)": reports["peak memory (MiB)"].max(),
        "read by shards (MB)": reports["bytes"].sum() / 1e6,
    }
    return tuple({name: float(value) for name, value in each.items()} for each in (losses, found))


def references(u: Parts, v: Parts, batch_size: int, temperature: float, samples: int, seed: int) -> dict:
    """Return the losses (nats) of ways whose hardness does not grow with the set, on `samples` pairs drawn from all of it.

    The first pairs would not do: those of `tiled` are images that were not moved.
    """
    drawn = np.sort(np.random.default_rng(derived_seed(seed, "references")).choice(len(u), samples, replace=False))
    rows = [torch.from_numpy(x.rows(drawn)).float() for x in (u, v)]
    ways = {
        RANDOM: ShuffledBatches(batch_size),
        "chunks of 1,280": SwapSearch(batch_size, CHUNK // batch_size, temperature),
        "chunks of a shard's size": SwapSearch(batch_size, temperature=temperature),
    }
    return {name: _loss(way.select(*rows, torch.Generator().manual_seed(0)), *rows, temperature) for name, way in ways.items()}


def _whole(search: BatchSelector, u: Parts, v: Parts, temperature: float, seed: int) -> tuple[float, dict]:
    rows = [torch.from_numpy(x.rows(np.arange(len(x)))).float() for x in (u, v)]
    plan, seconds, memory = with_peak_memory(lambda: search.select(*rows, torch.Generator().manual_seed(seed)))
    return _loss(plan, *rows, temperature), {f"{WHOLE} (s)": seconds, f"peak memory, {WHOLE} (MiB)": memory}


def _loss(plan, u, v, temperature: float) -> float:
    return float(mini_batch_loss(u, v, plan, temperature, normalize=True))
