"""Digital corruptions: closed forms and invariants."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from replication.datasets.corruptions.digital import (
    _sample,
    contrast,
    elastic_transform,
    jpeg_compression,
    pixelate,
)


def noise(count=2, size=32, seed=0):
    return np.floor(np.random.default_rng(seed).random((count, 3, size, size)) * 256).astype(np.float32) / 255


def generators(count):
    return [np.random.default_rng(seed) for seed in range(count)]


def test_contrast_keeps_the_mean_of_each_channel_and_scales_its_deviation():
    x = noise()
    result = contrast(x, 0.3, None, 1)
    np.testing.assert_allclose(result.mean((2, 3)), x.mean((2, 3)), atol=1e-5)
    np.testing.assert_allclose(result.std((2, 3)), 0.3 * x.std((2, 3)), rtol=1e-4)


def test_sampling_mirrors_as_scipy_does():
    x = noise(1)
    points = np.random.default_rng(1).uniform(-12, 44, (1, 32, 32, 2))
    for at_centres, mode in ((True, "mirror"), (False, "reflect")):
        ours = _sample(points, x, at_centres)
        for channel in range(3):
            expected = map_coordinates(x[0, channel], [points[0, ..., 1], points[0, ..., 0]], order=1, mode=mode)
            np.testing.assert_allclose(ours[0, channel], expected, atol=2e-5)


def test_no_shift_and_no_bending_is_the_identity():
    x = noise()
    np.testing.assert_allclose(elastic_transform(x, (0, 0, 0), generators(2), 1), x, atol=1e-5)


def test_the_affine_part_carries_the_anchors_to_their_shifted_places():
    column, row = np.meshgrid(np.arange(32), np.arange(32))
    ramp = np.stack([column, row, column * 0]).astype(np.float32)[None] / 32  # a colour that says where it comes from
    moved = elastic_transform(ramp, (0, 0, 0.06), generators(1), 1)[0]
    anchors = np.array([[26, 26], [26, 6], [6, 6]])
    targets = anchors + generators(1)[0].uniform(-0.06 * 32, 0.06 * 32, (3, 2))
    middle, source = targets.mean(0), anchors.mean(0)  # inside the triangle no mirror image is met
    for target, anchor in [(middle, source), *zip(0.5 * (targets + middle), 0.5 * (anchors + source), strict=True)]:
        found = [map_coordinates(moved[c], [[target[1]], [target[0]]], order=1)[0] * 32 for c in (0, 1)]
        np.testing.assert_allclose(found, anchor, atol=1e-3)


def test_bending_moves_by_smoothed_noise_of_the_stated_strength():
    column, row = np.meshgrid(np.arange(32), np.arange(32))
    ramp = np.stack([column, row, column * 0]).astype(np.float32)[None] / 32
    bent = elastic_transform(ramp, (0.04, 0.06, 0), generators(1), 1)[0] - ramp[0]
    generator = generators(1)[0]
    generator.uniform(size=(3, 2))  # the anchors, which do not move
    noise = generator.uniform(-1, 1, (2, 32, 32))
    smooth = np.stack([gaussian_filter(field, 0.06 * 32, mode="reflect", truncate=3) for field in noise])
    inner = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(bent[:2][inner], 0.04 * smooth[inner], atol=1e-5)
    assert np.abs(bent[:2][inner]).max() > 0.004


def test_pixelate_leaves_as_many_different_rows_and_columns_as_the_small_image_has():
    for factor, small in ((0.95, 30), (0.65, 20)):
        result = pixelate(noise(1), factor, None, 1)[0]
        changes = [1 + np.abs(np.diff(result, axis=axis)).sum(axis=(0, 3 - axis)).astype(bool).sum() for axis in (1, 2)]
        assert changes == [small, small]


def test_jpeg_keeps_a_flat_grey_and_loses_detail_with_quality():
    flat = np.full((1, 3, 32, 32), 128 / 255, np.float32)
    np.testing.assert_allclose(jpeg_compression(flat, 40, None, 1), flat, atol=1e-6)
    x = noise()
    fine, coarse = (np.abs(jpeg_compression(x, quality, None, 1) - x).mean() for quality in (95, 40))
    assert fine < coarse
