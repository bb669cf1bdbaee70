import math

import numpy as np
import pytest

from replication.experiments.osgd_toy.arrival import bootstrap_means, first_arrival, run_grid
from replication.experiments.osgd_toy.circle import OPTIMUM


def test_first_arrival_against_a_loop():
    trajectories = OPTIMUM + np.random.default_rng(0).normal(size=(30, 8))
    trajectories[:, 3] = 0  # never
    found = first_arrival(trajectories, 0.2)
    for run in range(8):
        inside = [t for t in range(30) if abs(trajectories[t, run] - OPTIMUM) < 0.2]
        assert found[run] == (inside[0] if inside else math.inf)


def test_bootstrap_means_spread_like_the_standard_error():
    runs = np.random.default_rng(1).normal(size=(1, 400))
    means = bootstrap_means(runs, 2000, np.random.default_rng(2))
    assert means.shape == (1, 2000)
    assert means.mean() == pytest.approx(runs.mean(), abs=0.01)
    assert means.std() == pytest.approx(runs.std() / 20, rel=0.1)


def test_grid_of_small_steps_agrees_with_the_flow():
    table, trajectories = run_grid([0.35], [0.05], [0.3, 0.2, 0.5], seeds=40, resamples=200)
    assert table["rho"].tolist() == [0.3, 0.2]  # 0.5 holds from the start
    assert table["eta T_OSGD / flow"].between(0.95, 1.2).all()
    assert table["eta T_SGD / flow"].between(0.85, 1.2).all()
    assert (table["ratio low"] <= table["ratio"]).all()
    assert (table["ratio"] <= table["ratio high"]).all()
    assert (table["ratio low"] <= table["flow ratio"]).all()
    assert trajectories[0.05]["SGD"].shape[1:] == (1, 40)


def test_grid_without_anything_to_count():
    with pytest.raises(ValueError, match=r"^rhos="):
        run_grid([0.5], [0.1], [0.4], seeds=2, resamples=2)
