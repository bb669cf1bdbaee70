"""Noise: moments in closed form."""

import numpy as np
import pytest

from replication.datasets.corruptions.noise import gaussian_noise, impulse_noise, shot_noise

GREY = np.full((40, 3, 32, 32), 0.5, np.float32)


@pytest.fixture
def generators():
    return [np.random.default_rng(seed) for seed in range(len(GREY))]


def test_gaussian_noise_has_the_stated_deviation(generators):
    noise = gaussian_noise(GREY, 0.08, generators, 1) - GREY
    assert abs(noise.mean()) < 0.001 and abs(noise.std() - 0.08) < 0.001
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.06


def test_shot_noise_has_the_variance_of_a_count(generators):
    x = np.where(np.arange(32) < 16, 0.2, 0.8).astype(np.float32) * np.ones_like(GREY)
    noisy = shot_noise(x, 50, generators, 1)
    for level, half in ((0.2, noisy[..., :16]), (0.8, noisy[..., 16:])):
        assert abs(half.mean() - level) < 0.003 and abs(half.var() - level / 50) < 0.03 * level / 50
    np.testing.assert_allclose(noisy * 50, np.rint(noisy * 50), atol=1e-4)


def test_impulse_noise_sets_as_many_values_to_black_as_to_white(generators):
    noisy = impulse_noise(GREY, 0.07, generators, 1)
    assert set(np.unique(noisy)) == {0, 0.5, 1}
    assert abs((noisy == 0).mean() - 0.035) < 0.002 and abs((noisy == 1).mean() - 0.035) < 0.002
