"""Tiled images: the images themselves come first, and copies lie near them, both views moved alike."""

import numpy as np

from replication.datasets import load_images
from replication.experiments.scale import tiled
from replication.features.pixel_components import pixel_components


def load(folder):
    return np.concatenate([np.load(path) for path in sorted(folder.glob("*.npy"))])


def test_images_come_first_and_copies_lie_near_them(tmp_path, monkeypatch):
    monkeypatch.setattr(tiled, "PART", 1000)
    images = load_images("digits")[0]
    first, second = pixel_components(images, 16)
    count = len(images)
    folders = tiled.write_tiled(tmp_path / "a", "digits", 2 * count + 5, 16, 0)
    assert [len(list(folder.glob("*.npy"))) for folder in folders] == [4, 4]
    u, v = (load(folder).astype(np.float32) for folder in folders)
    assert len(u) == len(v) == 2 * count + 5
    np.testing.assert_allclose(u[:count], first, atol=1e-3)
    np.testing.assert_allclose(v[:count], second, atol=1e-3)
    moves = u[count:] - u[np.arange(count, len(u)) % count]
    np.testing.assert_allclose(moves, v[count:] - v[np.arange(count, len(v)) % count], atol=4e-3)
    lengths = np.linalg.norm(moves, axis=1)
    assert abs(lengths.mean() - tiled.COPY) < 0.02 and np.linalg.norm(moves[:count] - moves[-count:], axis=1).min() > 0.1


def test_the_seed_decides_the_copies(tmp_path):
    one, again, other = (
        load(tiled.write_tiled(tmp_path / name, "digits", 2000, 8, seed)[0]) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert (one == again).all() and (one[:1797] == other[:1797]).all() and not (one[1797:] == other[1797:]).all(axis=1).any()
