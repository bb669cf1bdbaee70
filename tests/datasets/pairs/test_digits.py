"""Digits: what their captions say, against the pixels."""

import pytest
import torch

from replication.datasets.pairs import load_pairs
from replication.datasets.pairs.digits import NAMES, _looks


def test_every_caption_names_the_digit_and_images_are_told_apart():
    train, test = load_pairs("digits", "train", 32), load_pairs("digits", "test", 16)
    assert train.images.shape == (1437, 3, 32, 32) and test.images.shape == (360, 3, 16, 16)
    assert train.images.dtype == test.images.dtype == torch.uint8
    for pairs in (train, test):
        for label, captions in zip(pairs.labels.tolist(), pairs.captions, strict=True):
            assert len(captions) == 5 and all(NAMES[label] in caption for caption in captions)
    assert len({tuple(captions) for captions in train.captions}) > 150  # of ten digits in 27 looks
    assert load_pairs("digits", "test", 32).captions == test.captions  # they do not depend on the size


def test_each_word_fits_a_third_of_all_digits():
    looks = [_looks(load_pairs("digits", split, 32).images) for split in ("train", "test")]
    for train, test in zip(*looks, strict=True):
        words = train + test
        assert all(0.31 < words.count(word) / 1797 < 0.36 for word in set(words)) and len(set(words)) == 3


def line(columns, shift=0, width=3):
    """A stroke [3, 32, 32] whose centre in each row is given by `columns(row)`."""
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    for row in range(4, 28):
        begin = round(columns(row)) + shift
        image[:, row, begin : begin + width] = 255
    return image


def test_words_describe_strokes_that_a_human_would_describe_so():
    upright = line(lambda row: 14)
    slash = line(lambda row: 14 - (row - 16) / 2)  # /: its top is to the right
    backslash = line(lambda row: 14 + (row - 16) / 2)
    weight, slant, place = _looks(torch.stack([upright, slash, backslash]))
    assert slant == ["nowhere", "right", "left"] and weight == ["thin"] * 3
    thick, left, right = line(lambda row: 8, width=16), line(lambda row: 8), line(lambda row: 20)
    weight, _, place = _looks(torch.stack([thick, left, right]))
    assert weight[0] == "bold" and place == ["in the middle", "to the left", "to the right"]


def test_they_have_two_splits_which_share_nothing():
    with pytest.raises(ValueError, match=r"^the split of digits='val' must be one of 'train', 'test'$"):
        load_pairs("digits", "val", 16)
