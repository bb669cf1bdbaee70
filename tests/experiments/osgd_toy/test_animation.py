import numpy as np
import pytest
import torch
from PIL import Image

from replication.experiments.osgd_toy.animation import film_paths, save_film
from replication.experiments.osgd_toy.circle import PAIRS


@pytest.fixture(scope="module")
def paths():
    return film_paths(0.2, 0.3, 6, seed=1)


def test_only_the_pair_moves(paths):
    for points, pairs in paths.values():
        moved = (points[1:] - points[:-1]).norm(dim=-1) > 1e-12
        for update, pair in enumerate(pairs):
            assert set(moved[update].nonzero().flatten().tolist()) <= set(pair.tolist())


def test_spectral_clustering_uses_each_point_once_in_two_updates(paths):
    pairs = paths["SC"][1].view(3, 4)
    assert torch.equal(pairs.sort(dim=1).values, torch.arange(4).expand(3, 4))


def test_osgd_repeats_and_sgd_draws(paths):
    assert paths["OSGD"][1].tolist() == [[0, 1], [2, 3]] * 3
    assert all((pair == PAIRS).all(dim=1).any() for pair in paths["SGD"][1])


def test_film_is_reproducible_and_has_a_frame_for_each_update(paths, tmp_path):
    short = {method: (points[:3], pairs[:2]) for method, (points, pairs) in paths.items()}
    for name in ("a.gif", "b.gif"):
        save_film(short, 0.05, tmp_path / name)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 3
        first = np.asarray(film.convert("L"))
        film.seek(2)
        assert (np.asarray(film.convert("L")) != first).any()
