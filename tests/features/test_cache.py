"""Features on the disk: found again, told apart by what decides them, made anew where they are damaged."""

import numpy as np
import pytest
import torch

from replication.features.cache import cached, checksum_of_folder, checksum_of_images, checksum_of_texts

FEATURES = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
DECIDED = {"images": "abc", "size": 16}


def stored(data):
    (place,) = (data / ".features").iterdir()
    return place


def never():
    raise AssertionError("it was there already")


def test_what_was_written_is_read(data):
    assert torch.equal(cached(DECIDED, lambda: FEATURES), FEATURES)
    assert torch.equal(cached(dict(reversed(DECIDED.items())), never), FEATURES)
    assert np.array_equal(np.load(stored(data)), FEATURES.numpy())


def test_other_inputs_are_other_features(data):
    cached(DECIDED, lambda: FEATURES)
    for changes in ({"size": 17}, {"images": "abd"}, {"views": 2}):
        assert torch.equal(cached(DECIDED | changes, lambda: FEATURES + 1), FEATURES + 1)
    assert len(list((data / ".features").iterdir())) == 4


@pytest.mark.parametrize("keep", [0, 50, 130, -1])
def test_a_file_cut_off_is_made_anew(data, keep):
    cached(DECIDED, lambda: FEATURES)
    stored(data).write_bytes(stored(data).read_bytes()[:keep])
    assert torch.equal(cached(DECIDED, lambda: FEATURES), FEATURES)
    assert torch.equal(cached(DECIDED, never), FEATURES)


@pytest.mark.parametrize("place", [9, 70, 140, -1])
def test_a_changed_byte_is_noticed(data, place):
    cached(DECIDED, lambda: FEATURES)
    content = bytearray(stored(data).read_bytes())
    content[place] ^= 1
    stored(data).write_bytes(content)
    assert torch.equal(cached(DECIDED, lambda: FEATURES), FEATURES)


def test_a_failure_leaves_nothing(data):
    def fails():
        raise ValueError("no tower")

    with pytest.raises(ValueError, match=r"^no tower$"):
        cached(DECIDED, fails)
    assert not list((data / ".features").iterdir())


def test_checksums_tell_contents_apart(tmp_path):
    images = torch.arange(96, dtype=torch.uint8)
    shapes = [images.view(2, 3, 4, 4), images.view(4, 3, 2, 4), images.flip(0).view(2, 3, 4, 4)]
    assert len({checksum_of_images(x) for x in shapes}) == 3
    assert len({checksum_of_texts(x) for x in (["ab", "c"], ["a", "bc"], ["abc"], ["c", "ab"])}) == 4
    (tmp_path / "weights").write_text("1", encoding="utf-8")
    first = checksum_of_folder(tmp_path)
    (tmp_path / ".lock").write_text("", encoding="utf-8")
    assert checksum_of_folder(tmp_path) == first
    (tmp_path / "weights").rename(tmp_path / "others")
    assert checksum_of_folder(tmp_path) != first
