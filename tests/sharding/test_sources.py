"""What embeddings may come as: all forms of the same numbers give the same plan."""

import numpy as np
import pytest

from replication.cluster import connect
from replication.selection import ShuffledBatches, SwapSearch
from replication.sharding import ShardedSelector
from replication.sharding.sources import numbered, open_source

SMALL = np.random.default_rng(0).standard_normal((300, 5)).astype(np.float32)


def test_all_forms_give_the_same_rows_and_the_same_plan(tmp_path):
    zarr, array = pytest.importorskip("zarr"), pytest.importorskip("dask.array")
    np.save(tmp_path / "whole.npy", SMALL)
    (tmp_path / "parts").mkdir()
    for number, rows in enumerate(np.split(SMALL, [7, 150])):
        np.save(tmp_path / "parts" / f"x{number}.npy", rows)
    zarr.create_array(str(tmp_path / "z"), shape=SMALL.shape, dtype=SMALL.dtype, chunks=(64, 3))[:] = SMALL
    sources = [tmp_path / "whole.npy", str(tmp_path / "parts"), tmp_path / "z", array.from_array(SMALL, chunks=(100, 2))]
    index = np.array([0, 6, 7, 149, 150, 299])
    plans = []
    for number, source in enumerate(sources):
        (tmp_path / str(number)).mkdir()
        found = open_source("u", source, tmp_path / str(number))
        assert len(found) == 300 and (found.rows(index) == SMALL[index]).all()
        selector = ShardedSelector(SwapSearch(4, 10, workers=1), 100)
        plans.append(selector.write_plan(source, folder=tmp_path / f"plan-{number}").identity)
    assert len(set(plans)) == 1
    with connect("local", processes=False, n_workers=1) as client:  # its workers copy
        assert selector.write_plan(sources[-1], folder=tmp_path / "theirs", client=client).identity == plans[0]
        client.cluster.close()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a1", "a2", "a4"], r"^u: part 3 is missing in .* \(3 parts, the last is 4\)$"),
        (["a1", "b1"], r"^u: .*b1.npy must end in a number of its own"),
        (["a1", "b"], r"^u: .*b.npy must end in a number of its own"),
    ],
)
def test_parts_must_be_numbered_without_a_gap(tmp_path, names, message):
    for name in names:
        np.save(tmp_path / f"{name}.npy", SMALL)
    with pytest.raises(ValueError, match=message):
        numbered("u", tmp_path)


def test_ten_comes_after_nine(tmp_path):
    for number in range(11):
        np.save(tmp_path / f"x{number}.npy", SMALL)
    assert [path.stem for path in numbered("u", tmp_path)] == [f"x{number}" for number in range(11)]


def test_bad_sources(tmp_path):
    array = pytest.importorskip("dask.array")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.npy").write_text("no array", encoding="utf-8")
    for source, kind, message in (
        (tmp_path / "empty", ValueError, r"^u has no .npy parts$"),
        (tmp_path / "text.npy", ValueError, r"^u part 0 \(text.npy\) cannot be read: it is damaged"),
        (array.ones((4, 2), dtype=int), TypeError, r"^u is int64; it must be one of float16, float32$"),
        (array.ones(4, dtype="float32"), ValueError, r"^u has shape \[4\]; it must be \[N, d\]"),
        (SMALL, TypeError, r"^u is ndarray; it must be the path of .npy files or of a Zarr array, or a Dask array$"),
    ):
        with pytest.raises(kind, match=message):
            ShardedSelector(ShuffledBatches(4), 100).write_plan(source, folder=tmp_path / "plan")
    assert not (tmp_path / "plan").exists()
