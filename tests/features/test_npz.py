"""Files of a user's own features: what they hold comes back, and everything else is refused in one line."""

import pickle
import warnings

import numpy as np
import pytest
import torch
from small_heads import small_features

from replication.features import read_npz, write_npz
from replication.features.npz import divide, splits_of_arrays

U, V = np.random.default_rng(0).standard_normal((2, 40, 6)).astype(np.float32)
SPLIT = np.array(["train"] * 30 + ["val"] * 4 + ["test"] * 6)


def saved(folder, **arrays):
    np.savez(folder / "pairs.npz", **arrays)
    return folder / "pairs.npz"


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("captions", [0, 3])
def test_arrays_become_features(tmp_path, kind, captions):
    v = np.random.default_rng(1).standard_normal((40, captions, 5) if captions else (40, 5)).astype(kind)
    found = read_npz(saved(tmp_path, u=U.astype(kind), v=v, split=SPLIT, group=np.arange(40, dtype=np.uint8)), batch_size=4)
    assert [(name, len(part), part.split) for name, part in found.items()] == [
        ("train", 30, "train"),
        ("val", 4, "val"),
        ("test", 6, "test"),
    ]
    test = found["test"]
    assert np.array_equal(test.left[0].numpy(), U[34:].astype(kind).astype(np.float32)) and test.name == "pairs"
    assert np.array_equal(test.right.numpy(), v[34:].astype(np.float32).reshape(-1, 5))
    assert test.counts.tolist() == [max(1, captions)] * 6 and test.groups.tolist() == list(range(34, 40))


def test_without_a_split_a_tenth_each_is_held_out(tmp_path):
    found = read_npz(saved(tmp_path, u=U, v=V))
    assert [len(found[name]) for name in ("train", "val", "test")] == [32, 4, 4]
    rows = divide(40)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(40))
    assert np.array_equal(found["val"].left[0].numpy(), U[rows["val"]]) and found["val"].groups is None


def test_what_was_written_is_read(tmp_path):
    parts = {}
    for split in ("train", "val", "test"):
        part = small_features(split, items=9)
        parts[split] = part.rows(torch.tensor([2, 5, 8]))  # three captions each
    write_npz(tmp_path / "file.npz", parts)
    for split, part in read_npz(tmp_path / "file.npz").items():
        for name in ("left", "right", "counts", "groups"):
            assert torch.equal(getattr(part, name), getattr(parts[split], name))
    with pytest.raises(ValueError, match=r"items have \[1, 2, 3\] captions and \[2\] views; a .npz file needs the same number"):
        write_npz(tmp_path / "file.npz", {"train": small_features()})
    assert [path.name for path in tmp_path.iterdir()] == ["file.npz"]


def with_nan(x):
    x = x.copy()
    x[[2, 7], 1] = np.nan
    return x


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"u": U}, "pairs.npz lacks v; it must hold u and v, and may hold group and split"),
        ({"u": U, "v": V, "labels": V}, "pairs.npz has unknown arrays labels; it must hold u and v"),
        ({"u": U, "v": V[:39]}, r"v in .*pairs.npz has 39 rows; u has 40: one for each item"),
        ({"u": U, "v": V, "split": SPLIT[:5]}, r"split in .*pairs.npz has 5 rows; u has 40"),
        ({"u": U, "v": V, "group": np.array(3)}, r"group in .*pairs.npz has 1 rows; u has 40"),
        ({"u": U.astype(int), "v": V}, r"u in .*pairs.npz is int64; it must be floating-point \[N, d\] or \[views, N, d\]"),
        ({"u": U[0], "v": V}, r"u in .*pairs.npz has shape \[6\]; it must be \[N, d\] or \[views, N, d\], none of them 0"),
        ({"u": U, "v": V[:, :0]}, r"v in .*pairs.npz has shape \[40, 0\]; it must be \[N, d\] or \[N, captions, d\]"),
        ({"u": with_nan(U), "v": V}, r"u in .*pairs.npz has 2 of 40 rows with NaN or infinity \(first: row 2\)"),
        ({"u": U, "v": with_nan(V)}, r"v in .*pairs.npz has 2 of 40 rows with NaN or infinity \(first: row 2\)"),
        ({"u": U.astype(float) * 1e300, "v": V}, r"u in .*pairs.npz has 40 of 40 rows with NaN or infinity"),
        ({"u": U, "v": V, "group": V}, r"group in .*pairs.npz is float32 \[40, 6\]; it must be integers \[N\]"),
        ({"u": U, "v": V, "split": np.zeros(40)}, r"split in .*pairs.npz is float64 \[40\]; it must be texts \[N\], each of"),
        ({"u": U, "v": V, "split": np.array(["dev"] * 40)}, r"split in .*pairs.npz is \['dev'\]; it must be texts \[N\], each"),
        ({"u": U, "v": V, "split": np.array(["train", "val"] * 20)}, r"split in .*pairs.npz has no item of 'test'; each of"),
        ({"u": U[:8], "v": V[:8]}, r"pairs.npz has 8 items; it must have >= 10, as a tenth each is held out for val and test"),
        ({"u": np.array([None] * 40), "v": V}, "pairs.npz holds pickled objects, which are not read; save plain arrays"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, arrays, message):
    with pytest.raises(ValueError, match=message) as error:
        read_npz(saved(tmp_path, **arrays))
    assert "\n" not in str(error.value)


def test_too_few_items_for_the_batch_size(tmp_path):
    path = saved(tmp_path, u=U, v=V)
    read_npz(path, batch_size=8)
    with pytest.raises(ValueError, match=r"batch_size=9 needs 36 or more items to train on \(four batches\); .* has 32 of 40"):
        read_npz(path, batch_size=9)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"pairs.npz: there is no such file"):
        read_npz(tmp_path / "pairs.npz")
    for content in (b"", b"u,v\n1,2\n", pickle.dumps({"u": U})):
        (tmp_path / "pairs.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"pairs.npz is no .npz file; write one with numpy.savez\('pairs.npz', u=u, v=v\)"):
            read_npz(tmp_path / "pairs.npz")
    path = saved(tmp_path, u=U, v=V)
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"pairs.npz is damaged: BadZipFile Bad CRC-32"):
        read_npz(path)


def test_copies_across_splits_are_counted(tmp_path):
    u = U.copy()
    u[34:36] = u[0:2]  # of the training split, in the test split
    with pytest.warns(UserWarning, match=r"pairs.npz: 2 different rows of u are in both 'train' and 'test': what is learnt"):
        read_npz(saved(tmp_path, u=u, v=V, split=SPLIT))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_npz(saved(tmp_path, u=U, v=V, split=SPLIT))


def test_texts_of_a_pandas_column_are_texts():
    plain, objects = (splits_of_arrays({"u": U, "v": V, "split": split}) for split in (SPLIT, SPLIT.astype(object)))
    assert all(torch.equal(plain[split].left, objects[split].left) for split in ("train", "val", "test"))
