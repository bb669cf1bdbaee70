"""Arrays on the disk: whole or not at all, and made anew where they are damaged."""

import builtins

import numpy as np
import pytest
import torch

from replication.datasets.pairs.image_cache import read_or_write

SHAPE = (5, 3, 4, 4)
ROWS = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)


def stored(data):
    (place,) = (data / ".decoded").iterdir()
    return place


def never():
    raise AssertionError("it was there already")


def test_what_was_written_is_read(data):
    for make in (lambda: ROWS, never):
        images = read_or_write("key", SHAPE, make)
        assert images.dtype == torch.uint8 and np.array_equal(images, ROWS)
    assert np.array_equal(np.load(stored(data)), ROWS)


def test_writing_to_the_tensor_changes_no_file(data):
    read_or_write("key", SHAPE, lambda: ROWS).zero_()
    assert np.array_equal(read_or_write("key", SHAPE, never), ROWS)


@pytest.mark.parametrize("keep", [0, 50, 130, -1])
def test_a_file_cut_off_is_made_anew(data, keep):
    read_or_write("key", SHAPE, lambda: ROWS)
    stored(data).write_bytes(stored(data).read_bytes()[:keep])
    assert np.array_equal(read_or_write("key", SHAPE, lambda: ROWS), ROWS)
    assert np.array_equal(read_or_write("key", SHAPE, never), ROWS)


@pytest.mark.parametrize("place", [9, 140, -1])
def test_a_changed_byte_is_noticed(data, place):
    read_or_write("key", SHAPE, lambda: ROWS)
    content = bytearray(stored(data).read_bytes())
    content[place] ^= 1
    stored(data).write_bytes(content)
    assert np.array_equal(read_or_write("key", SHAPE, lambda: ROWS), ROWS)


def test_another_shape_is_another_array(data):
    read_or_write("key", SHAPE, lambda: ROWS)
    assert read_or_write("key", (2, 3, 4, 4), lambda: ROWS[:2]).shape == (2, 3, 4, 4)
    assert np.load(stored(data)).shape == (2, 3, 4, 4)  # and takes its place


def test_a_failure_leaves_nothing(data):
    def fails():
        yield ROWS[0]
        raise ValueError("no more")

    with pytest.raises(ValueError, match=r"^no more$"):
        read_or_write("key", SHAPE, fails)
    assert not list((data / ".decoded").iterdir())


def test_a_folder_that_cannot_be_written_shows_before_anything_is_made(data, monkeypatch):
    def read_only(path, *rest, **options):
        raise OSError(30, "Read-only file system", str(path))

    (data / ".decoded").mkdir()
    monkeypatch.setattr(builtins, "open", read_only)
    with pytest.raises(OSError, match="Read-only file system"):
        read_or_write("key", SHAPE, never)
