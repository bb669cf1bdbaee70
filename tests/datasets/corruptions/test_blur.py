"""Blurs: against loops over pixels and against SciPy."""

import numpy as np
import pytest
from scipy.ndimage import zoom

from replication.datasets.corruptions.blur import (
    TABLE,
    clipped_zoom,
    defocus_blur,
    glass_blur,
    motion_blur,
    smear,
    soft_disk,
    zoom_blur,
)


def noise(count=3, size=32, channels=3, seed=0):
    return np.random.default_rng(seed).random((count, channels, size, size), np.float32)


def generators(count):
    return [np.random.default_rng(seed) for seed in range(count)]


@pytest.mark.parametrize(("radius", "width"), TABLE["defocus_blur"][1])
def test_the_disk_is_symmetric_has_sum_one_and_the_right_reach(radius, width):
    kernel = soft_disk(radius, width, 1)
    assert kernel.sum() == pytest.approx(1)
    for other in (kernel[::-1], kernel[:, ::-1], kernel.T):
        np.testing.assert_allclose(kernel, other, atol=1e-12)
    if radius < 1:  # a single pixel, softened: an outer product
        tap = np.exp(-0.5 / width**2)
        taps = np.array([tap, 1, tap]) / (1 + 2 * tap)
        np.testing.assert_allclose(kernel, np.outer(taps, taps), atol=1e-12)


def test_defocus_is_a_weighted_mean_around_each_pixel_with_mirrored_borders():
    x, radius, width = noise(1), 1.5, 0.1
    kernel, half = soft_disk(radius, width, 1), 2
    padded = np.pad(x, ((0, 0), (0, 0), (half, half), (half, half)), mode="reflect")
    expected = sum(kernel[i, j] * padded[..., i : i + 32, j : j + 32] for i in range(5) for j in range(5))
    np.testing.assert_allclose(defocus_blur(x, (radius, width), None, 1), expected, atol=1e-5)


def test_glass_takes_every_pixel_from_a_neighbour_up_or_left():
    x = np.arange(32 * 32, dtype=np.float32).reshape(1, 1, 32, 32).repeat(3, 1) % 251 / 255  # neighbours all differ
    shifted = np.rint(glass_blur(x.copy(), (0.01, 1, 1), generators(1), 1)[0, 0] * 255).astype(int)  # no blur
    clean = np.rint(x[0, 0] * 255).astype(int)
    np.testing.assert_array_equal(shifted[:2], clean[:2])
    np.testing.assert_array_equal(shifted[:, :2], clean[:, :2])
    neighbours = np.stack([clean[2 - dy : 32 - dy, 2 - dx : 32 - dx] for dy in (0, 1) for dx in (0, 1)])
    hits = shifted[2:, 2:] == neighbours
    np.testing.assert_array_equal(hits.sum(0), 1)
    assert np.abs(hits.mean((1, 2)) - 0.25).max() < 0.06


def test_a_smear_is_a_sum_over_points_on_a_line():
    x, degrees, length, width = noise(4), np.array([0.0, 30.0, -45.0, -100.0]), 3, 1.5
    result = smear(x, length, width, degrees)
    weights = [np.exp(-0.5 * (tap / width) ** 2) for tap in range(7)]
    for image, angle, smeared in zip(x, np.deg2rad(degrees), result, strict=True):
        for row, column in ((0, 0), (10, 20), (31, 31), (5, 30)):
            total = 0
            for tap, weight in enumerate(weights):
                r = min(max(row + int(np.ceil(tap * np.sin(angle) - 0.5)), 0), 31)
                c = min(max(column + int(np.ceil(tap * np.cos(angle) - 0.5)), 0), 31)
                total = total + weight / sum(weights) * image[:, r, c]
            np.testing.assert_allclose(smeared[:, row, column], total, atol=1e-5)


def test_motion_stays_near_the_horizontal_and_differs_between_images():
    rows = np.repeat(np.linspace(0, 1, 32, dtype=np.float32)[None, None, None], 50, axis=0) * np.ones(
        (50, 3, 32, 1), np.float32
    )
    columns = rows.swapaxes(2, 3)
    across, along = (np.abs(motion_blur(x, (6, 2), generators(50), 1) - x).mean((1, 2, 3)) for x in (rows, columns))
    angles = np.array([generator.uniform(-45, 45) for generator in generators(50)])
    np.testing.assert_array_equal(motion_blur(rows, (6, 2), generators(50), 1.5), smear(rows, 9, 3, angles))
    assert across.mean() > 1.5 * along.mean() and along.std() > 0


@pytest.mark.parametrize("factor", [1, 1.01, 1.06, 1.25, 1.75, 2.25])
def test_the_clipped_zoom_is_that_of_scipy(factor):
    x = noise(1)
    kept = int(np.ceil(32 / factor))
    first = (32 - kept) // 2
    zoomed = zoom(x[0, :, first : first + kept, first : first + kept], (1, factor, factor), order=1)
    first = (zoomed.shape[-1] - 32) // 2
    np.testing.assert_allclose(clipped_zoom(x, factor)[0], zoomed[:, first : first + 32, first : first + 32], atol=1e-5)


def test_zoom_blur_of_a_constant_is_the_constant_and_counts_the_image_once_more():
    flat = np.full((1, 3, 32, 32), 0.3, np.float32)
    factors = TABLE["zoom_blur"][1][4]
    np.testing.assert_allclose(zoom_blur(flat, factors, None, 1), flat, atol=1e-6)
    x = noise(1)
    np.testing.assert_allclose(zoom_blur(x, [2.0], None, 1), (x + clipped_zoom(x, 2.0)) / 2, atol=1e-6)
