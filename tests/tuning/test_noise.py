"""The variance of means over a few seeds: between a setting's own and everybody's."""

import numpy as np
import pytest

from replication.tuning import mean_and_noise


def test_with_many_seeds_it_is_the_squared_standard_error():
    runs = np.random.default_rng(0).normal(scale=[[1.0], [3.0]], size=(2, 4000))
    means, noise = mean_and_noise(runs)
    np.testing.assert_allclose(means, runs.mean(axis=1))
    np.testing.assert_allclose(noise, runs.var(axis=1, ddof=1) / 4000, rtol=0.02)


def test_two_seeds_that_agree_by_chance_are_not_taken_for_certain():
    _, noise = mean_and_noise([[1.0, 1.0], [2.0, 4.0], [3.0, 4.0]])
    assert 0 < noise[0] < noise[2] < noise[1]
    together = (0 + 2 + 0.5) / 3
    np.testing.assert_allclose(noise, (np.array([0, 2, 0.5]) + 4 * together) / 5 / 2)


def test_a_setting_with_one_seed_has_the_noise_of_the_others():
    _, noise = mean_and_noise([[1.0], [2.0, 4.0]])
    np.testing.assert_allclose(noise, [2.0, 1.0])


def test_one_seed_each_says_nothing_about_noise():
    means, noise = mean_and_noise([[1.0], [2.0]])
    assert means.tolist() == [1.0, 2.0] and noise is None


@pytest.mark.parametrize("runs", [[], [[1.0], []], [[float("nan")]], [1.0]])
def test_bad_input_is_one_clear_line(runs):
    with pytest.raises(ValueError, match=r"runs.* must hold one or more finite values, one for each seed"):
        mean_and_noise(runs)
