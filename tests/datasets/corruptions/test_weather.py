"""Weather: closed forms, and the fractal against loops over points."""

import colorsys

import numpy as np

from replication.datasets.corruptions.weather import brightness, fog, plasma, snow


def noise(count=2, size=32, seed=0):
    return np.random.default_rng(seed).random((count, 3, size, size), np.float32)


def generators(count):
    return [np.random.default_rng(seed) for seed in range(count)]


def test_brightness_adds_to_the_value_of_the_hsv_colour():
    x = noise(1, 6)
    x[0, :, 0, 0], x[0, :, 1, 1], x[0, :, 2, 2] = 0, 1, (0.95, 0.1, 0.3)  # black, white, and one that is cut off
    result = brightness(x, 0.15, None, 1)
    for row in range(6):
        for column in range(6):
            hue, saturation, value = colorsys.rgb_to_hsv(*x[0, :, row, column].tolist())
            expected = colorsys.hsv_to_rgb(hue, saturation, min(value + 0.15, 1))
            np.testing.assert_allclose(result[0, :, row, column], expected, atol=1e-6)


def test_snow_without_flakes_only_whitens():
    x = noise()
    grey = 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]
    expected = 0.9 * x + 0.1 * np.maximum(x, 1.5 * grey + 0.5)
    np.testing.assert_allclose(snow(x, (0, 0.01, 1, 0.6, 8, 3, 0.9), generators(2), 1), expected, atol=1e-6)


def test_flakes_lighten_all_channels_alike_and_come_twice_turned_half_round():
    x = np.zeros((2, 3, 32, 32), np.float32)
    flakes = snow(x, (0.3, 0.3, 1.25, 0.65, 14, 12, 1.0), generators(2), 1)
    assert flakes.min() >= 0 and flakes.max() > 0
    np.testing.assert_allclose(flakes, flakes[:, :1] * np.ones((1, 3, 1, 1)))
    np.testing.assert_allclose(flakes, flakes[..., ::-1, ::-1])


def test_fog_of_a_flat_image_is_the_cloud_and_keeps_the_brightest_value_as_the_limit():
    flat = np.full((2, 3, 32, 32), 0.4, np.float32)
    foggy = fog(flat, (1.5, 1.75), generators(2), 1)
    cloud = plasma(32, 1.75, generators(2))[:, None]
    np.testing.assert_allclose(foggy, ((0.4 + 1.5 * cloud) * 0.4 / 1.9).repeat(3, 1), atol=1e-6)
    assert foggy.max() <= 0.4 + 1e-6


def diamond_square(side, decay, generator):
    draws = iter(generator.uniform(-1, 1, side * side))
    heights, step, amplitude = np.zeros((side, side)), side, 1.0
    while step >= 2:
        half = step // 2
        squares = [(r, c) for r in range(half, side, step) for c in range(half, side, step)]
        above = [(r, c) for r in range(0, side, step) for c in range(half, side, step)]
        beside = [(r, c) for r in range(half, side, step) for c in range(0, side, step)]
        corners, edges = (
            [(-half, -half), (-half, half), (half, -half), (half, half)],
            [(-half, 0), (half, 0), (0, -half), (0, half)],
        )
        for points, around in ((squares, corners), (above, edges), (beside, edges)):
            for r, c in points:
                mean = np.mean([heights[(r + dr) % side, (c + dc) % side] for dr, dc in around])
                heights[r, c] = mean + amplitude * next(draws)
        step, amplitude = half, amplitude / decay**2
    heights -= heights.min()
    return heights / heights.max()


def test_the_cloud_is_the_diamond_square_algorithm():
    for decay in (3, 1.75):
        clouds = plasma(16, decay, generators(3))
        for cloud, generator in zip(clouds, generators(3), strict=True):
            np.testing.assert_allclose(cloud, diamond_square(16, decay, generator), atol=1e-6)


def test_a_side_that_is_no_power_of_two_is_cut_from_a_larger_cloud():
    np.testing.assert_array_equal(plasma(24, 2, generators(1)), plasma(32, 2, generators(1))[:, :24, :24])
