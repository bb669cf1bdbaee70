"""Plans in shards: partitions, as hard as those of one process nearly, the same on any cluster; and one line where it fails."""

import errno
import os
import shutil

import dask
import numpy as np
import pytest
import torch
from distributed import Client, LocalCluster
from dying_selector import DyingSelector
from hungry_selector import HungrySelector

from replication.cluster import ClusterError, quiet
from replication.losses import mini_batch_loss
from replication.selection import FixedBatches, OrderedSGD, ShuffledBatches, SpectralClustering, SwapSearch
from replication.sharding import ShardedSelector, parts
from replication.sharding.cells import middle

SEARCH = SwapSearch(8, 10, 0.1, workers=1)


def views(embeddings):
    u, v = embeddings
    v = np.concatenate([np.load(v / f"part-{number}.npy") for number in range(40)])
    return torch.from_numpy(np.load(u)).float(), torch.from_numpy(v).float()


def plan(embeddings, folder, selector=SEARCH, shard_size=500, rounds=2, **options):
    return ShardedSelector(selector, shard_size, rounds).write_plan(*embeddings, folder, **options)


@pytest.fixture(scope="module")
def expected(embeddings, tmp_path_factory):
    return plan(embeddings, tmp_path_factory.mktemp("plans") / "plan")


def test_a_plan_is_a_partition_up_to_n_mod_b(expected):
    rows = expected.rows()
    assert rows.shape == (250, 8) and len(rows.unique()) == 2000 and int(rows.min()) >= 0 and int(rows.max()) <= 2002
    assert os.listdir(expected.folder.parent) == ["plan"]


@pytest.mark.parametrize("selector", [ShuffledBatches(7), SpectralClustering(8, 10, temperature=0.1, workers=1)])
def test_any_partitioning_selector_will_do(embeddings, tmp_path, selector):
    rows = plan(embeddings, tmp_path / "plan", selector).rows()
    assert rows.shape == (2003 // selector.batch_size, selector.batch_size) and len(rows.unique()) == rows.numel()


def test_harder_than_chunks_and_each_round_gains(embeddings, tmp_path, expected):
    u, v = views(embeddings)
    sharded = ShardedSelector(SwapSearch(8, temperature=0.1), 500, 3)
    rows = sharded.write_plan(*embeddings, tmp_path / "plan").rows()

    def loss(rows):
        return float(mini_batch_loss(u, v, rows, 0.1, normalize=True))

    whole = loss(SwapSearch(8, temperature=0.1).select(u, v, torch.Generator().manual_seed(0)))
    chunks = loss(SwapSearch(8, 10, temperature=0.1).select(u, v, torch.Generator().manual_seed(0)))
    rounds = [[report for report in sharded.reports if report["shard"].startswith(f"round {n}")] for n in (1, 2, 3)]
    means = [np.average([r["loss"] for r in each], weights=[r["batches"] for r in each]) for each in rounds]
    assert means[0] <= means[1] <= means[2] == pytest.approx(loss(rows), rel=1e-4)
    assert chunks < loss(expected.rows()) < loss(rows) and loss(rows) > 0.97 * whole
    assert all(report["loss"] >= report["before"] for report in rounds[1] + rounds[2])
    assert sum(report["bytes"] for report in rounds[0]) == 2 * 2000 * 16 * 2


def test_the_seed_decides_the_plan(embeddings, tmp_path, expected):
    again = plan(embeddings, tmp_path / "again", seed=0)
    other = plan(embeddings, tmp_path / "other", seed=1)
    assert again.identity == expected.identity and other.identity != expected.identity
    left = set(range(2003)) - set(other.rows().flatten().tolist())
    assert left != set(range(2003)) - set(expected.rows().flatten().tolist())


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_number_of_workers_does_not_matter(embeddings, tmp_path, expected, workers):
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        assert plan(embeddings, tmp_path / "plan", client=client).identity == expected.identity


@pytest.mark.slow
def test_a_worker_that_is_killed_among_100_003_pairs_changes_nothing(mixture, tmp_path):
    quiet()
    large = [tmp_path / "u.npy", tmp_path / "v.npy"]
    for path, view in zip(large, mixture(100_003), strict=True):
        np.save(path, view)
    alone = plan(large, tmp_path / "alone", shard_size=12_500)
    rows = alone.rows()
    assert rows.shape == (12_500, 8) and len(rows.unique()) == 100_000 and int(rows.min()) >= 0 and int(rows.max()) <= 100_002
    options = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "2GB", "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as client:
        killed = plan(large, tmp_path / "plan", DyingSelector(tmp_path / "deaths"), 12_500, client=client)
    assert (tmp_path / "deaths").exists() and killed.parts == alone.parts


@pytest.mark.slow
def test_a_worker_beyond_its_limit_of_memory_is_ended_and_named(embeddings, tmp_path):
    quiet()
    options = {"n_workers": 1, "threads_per_worker": 1, "memory_limit": "1.5GB", "dashboard_address": ":0"}
    expected = pytest.raises(
        ClusterError,
        match=r"^round 1, shard \d: its worker died 1 time, perhaps for want of memory: "
        r"a smaller shard_size or a larger memory limit helps$",
    )
    impatient = dask.config.set({"distributed.scheduler.allowed-failures": 0})
    with impatient, LocalCluster(**options) as cluster, Client(cluster) as client, expected:
        plan(embeddings, tmp_path / "plan", HungrySelector(), client=client)
    assert not list(tmp_path.iterdir())


def broken(embeddings, tmp_path, number, change):
    """Return the embeddings with one part of v changed by a function of its rows; None removes it."""
    folder = tmp_path / "v"
    shutil.copytree(embeddings[1], folder)
    path = folder / f"part-{number}.npy"
    changed = change(np.load(path))
    path.unlink()
    if changed is not None:
        np.save(path, changed)
    return embeddings[0], folder


def with_nan(rows):
    rows[3, 1] = np.nan
    return rows


@pytest.mark.parametrize(
    ("number", "change", "kind", "message"),
    [
        (37, with_nan, ValueError, r"^v part 37 \(part-37.npy\): row 3 has NaN or infinity; every row must be finite"),
        (12, lambda rows: rows * 0, ValueError, r"^v part 12 \(part-12.npy\): row 0 has only zeros; every row must be finite"),
        (5, lambda rows: None, ValueError, r"^v: part 5 is missing in .*v \(39 parts, the last is 39\)$"),
        (
            9,
            lambda rows: rows.astype(int),
            TypeError,
            r"^v part 9 \(part-9.npy\) is int64; it must be one of float16",
        ),
        (9, lambda rows: rows[:, 0], ValueError, r"^v part 9 \(part-9.npy\) has shape \[\d+\]; it must be \[n, d\]$"),
        (9, lambda rows: rows[:, 1:], ValueError, r"^v part 9 .* holds float16 of d=15; part 0 holds float16 of d=16$"),
        (39, lambda rows: rows[1:], ValueError, r"^v is float16 of shape \[2002, 16\]; it must be as u, float16 of shape"),
    ],
)
def test_bad_parts_are_named_and_nothing_is_left(embeddings, tmp_path, number, change, kind, message):
    with pytest.raises(kind, match=message):
        plan(broken(embeddings, tmp_path, number, change), tmp_path / "plans" / "plan")
    assert not list((tmp_path / "plans").iterdir())


def test_bad_arguments(embeddings, tmp_path):
    folder = tmp_path / "plan"
    for call, kind, message in (
        (
            lambda: plan(embeddings, folder, shard_size=3000),
            ValueError,
            r"^u has 2003 samples; shard_size=3000 must be no",
        ),
        (lambda: plan(embeddings, folder, OrderedSGD(8)), ValueError, r"^round 1, shard 0: selector=OrderedSGD gave batches"),
        (lambda: plan(("nowhere", None), folder), ValueError, r"^u='nowhere' does not exist$"),
        (lambda: plan((np.ones((9, 2)), None), folder), TypeError, r"^u is ndarray; it must be the path of .npy files or"),
        (lambda: plan(embeddings, embeddings[1]), ValueError, r"v' exists; a plan is written to a new one$"),
        (lambda: plan(embeddings, folder, seed=-1), ValueError, r"^seed=-1 must be >= 0$"),
        (lambda: ShardedSelector(SEARCH, 15), ValueError, r"^shard_size=15 must be >= 16$"),
        (lambda: ShardedSelector(SEARCH, rounds=0), ValueError, r"^rounds=0 must be >= 1$"),
        (lambda: ShardedSelector("SC"), TypeError, r"^selector='SC' must be a BatchSelector with a batch size, such as"),
    ):
        with pytest.raises(kind, match=message):
            call()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["cells-00000", "round-1/order", "round-1/batches-00001", "batches-00000"])
def test_a_full_disk_is_one_line_and_leaves_nothing(embeddings, tmp_path, monkeypatch, place):
    save = np.save

    def full(file, values):
        if place in file.name.replace("/.", "/"):  # files are written beside their place, with a point in front
            raise OSError(errno.ENOSPC, "No space left on device")
        save(file, values)

    monkeypatch.setattr(parts.np, "save", full)
    with pytest.raises(OSError, match=r"^(cells|round 1|batches).* cannot be written: No space left on device$"):
        plan(embeddings, tmp_path / "plan")
    assert not list(tmp_path.iterdir())


def test_one_view(embeddings, tmp_path):
    rows = plan((embeddings[0], None), tmp_path / "plan").rows()
    assert rows.shape == (250, 8) and len(rows.unique()) == 2000


def test_a_plan_can_be_read_by_fixed_batches(expected):
    assert torch.equal(FixedBatches(batches=expected.folder).plan(2003), expected.rows())


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_cells_do_not_mind_very_large_and_very_small_rows(scale):
    u, v = (np.random.default_rng(seed).standard_normal((50, 6)).astype(np.float32) for seed in (0, 1))
    assert np.allclose(middle(u * np.float32(scale), v), middle(u, v), atol=1e-6)
