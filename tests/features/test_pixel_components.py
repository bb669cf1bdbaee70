"""Two views of images and their principal components: shapes, ranges, independence, seeds, errors."""

import numpy as np
import pytest
import torch

from replication.features.pixel_components import pixel_components, two_views


def images(count=40, size=8, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


@pytest.mark.parametrize(("size", "channels"), [(8, 1), (32, 3)])
def test_views_keep_shape_and_range(size, channels):
    source = images(20, size, channels)
    kept = source.copy()
    for view in two_views(source, seed=0):
        assert view.shape == source.shape and view.dtype == np.float32
        assert view.min() >= 0 and view.max() <= 1
    assert np.array_equal(source, kept)


def test_views_are_seeded_and_differ_from_each_other():
    first, second = two_views(images(), seed=0)
    again, _ = two_views(images(), seed=0)
    other, _ = two_views(images(), seed=1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second) and not np.array_equal(first, other)


def test_every_image_is_augmented_on_its_own():
    """Copies of one grey image come out with many brightnesses, uncorrelated between the views."""
    grey = np.full((500, 8, 8, 1), 128, dtype=np.uint8)
    levels = [view.mean(axis=(1, 2, 3)) for view in two_views(grey, seed=0)]
    for level in levels:
        assert 0.1 < level.std() < 0.13  # uniform within 0.2 has standard deviation 0.2 / sqrt(3) = 0.115
        assert abs(level.mean() - 128 / 255) < 0.02
    assert abs(np.corrcoef(levels)[0, 1]) < 0.15


def test_large_images_are_shifted_by_up_to_a_sixteenth_and_small_ones_not():
    """A bright column on black: where it is found in each view."""
    for size, reach in ((32, 2), (8, 0)):
        line = np.zeros((300, size, size, 1), dtype=np.uint8)
        line[:, :, size // 2] = 255
        place = two_views(line, seed=0)[0].mean(axis=(1, 3)).argmax(axis=1)
        assert set(place - size // 2) == set(range(-reach, reach + 1))


def test_components_are_unit_rows_that_keep_positives_closer_than_others():
    source = images(60, 8)
    u, v = pixel_components(source, 5, seed=3)
    assert u.shape == v.shape == (60, 5) and u.dtype == v.dtype == torch.float32
    for rows in (u, v):
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(60))
    similarity = u @ v.T
    positives = similarity.diagonal().mean()
    assert positives > similarity.mean() + 0.3
    again, _ = pixel_components(source, 5, seed=3)
    assert torch.equal(u, again)


def test_components_span_what_numpy_finds():
    """The dot products of all components are those of the centred views, since the components are a rotation."""
    source = images(30, 4)
    u, v = pixel_components(source, 16, seed=0)
    mean = source.reshape(30, -1).mean(axis=0) / 255
    first, second = (view.reshape(30, -1) - mean for view in two_views(source, seed=0))
    expected = (first / np.linalg.norm(first, axis=1)[:, None]) @ (second / np.linalg.norm(second, axis=1)[:, None]).T
    np.testing.assert_allclose((u @ v.T).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("count", "dimensions", "message"),
    [
        (70, 65, r"^dimensions=65 must be >= 1 and <= 64 \(pixel values and images\)$"),
        (10, 11, r"^dimensions=11 must be >= 1 and <= 10 \(pixel values and images\)$"),
        (70, 0, r"^dimensions=0 must be >= 1 and <= 64 "),
    ],
)
def test_a_number_of_dimensions_that_cannot_be_is_refused(count, dimensions, message):
    with pytest.raises(ValueError, match=message):
        pixel_components(images(count), dimensions)
