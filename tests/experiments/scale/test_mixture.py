"""The mixture: seeded, in parts, and crowded as its description says."""

import numpy as np

from replication.experiments.scale import mixture


def load(folder):
    return np.concatenate([np.load(path) for path in sorted(folder.glob("*.npy"))])


def test_parts_are_seeded_and_two_views_of_the_same_pairs(tmp_path, monkeypatch):
    monkeypatch.setattr(mixture, "PART", 400)
    u, v = (load(folder) for folder in mixture.write_mixture(tmp_path / "a", 1000, 32, 0))
    again, _ = (load(folder) for folder in mixture.write_mixture(tmp_path / "b", 1000, 32, 0))
    other, _ = (load(folder) for folder in mixture.write_mixture(tmp_path / "c", 1000, 32, 1))
    assert u.shape == v.shape == (1000, 32) and u.dtype == np.float16
    assert (u == again).all() and not (u == other).all(axis=1).any()
    assert not (u[:400] == u[400:800]).all(axis=1).any()
    unit_u, unit_v = (x / np.linalg.norm(x.astype(np.float32), axis=1, keepdims=True) for x in (u, v))
    products = unit_u @ unit_v.T
    own = products.diagonal().copy()
    assert own.mean() > 0.85 and np.mean(products.argmax(axis=1) == np.arange(1000)) > 0.9
    # Neighbours of one group and class: far nearer than two random vectors of 32 dimensions ever are.
    np.fill_diagonal(products, -1)
    assert 0.5 < products.max(axis=1).mean() < own.mean() and abs(products.mean()) < 0.2
