"""Lists of images and captions, and what they refuse."""

import pytest

from replication.datasets.pairs.listing import Listing, grouped, named


def test_rows_of_one_image_are_its_captions(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    listing = grouped([(b, "one\n"), (a, " two "), (b, "three")])
    assert listing == Listing([b, a], [["one", "three"], ["two"]])


def test_what_is_missing_is_counted_and_named(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(ValueError, match=r"^it holds no images$"):
        grouped([]).check("it")
    with pytest.raises(FileNotFoundError, match=rf"^1 of 2 image files of it are missing: {tmp_path}/b$"):
        grouped([(tmp_path / "a", "x"), (tmp_path / "b", "x")]).check("it")
    with pytest.raises(FileNotFoundError, match="are missing"):  # a folder is no image
        grouped([(tmp_path, "x")]).check("it")
    with pytest.raises(ValueError, match=rf"^1 of 1 images of it have an empty caption: {tmp_path}/a$"):
        grouped([(tmp_path / "a", "x"), (tmp_path / "a", " ")]).check("it")
    with pytest.raises(ValueError, match=rf"^1 of 1 images of it have a caption that is no valid Unicode: {tmp_path}/a$"):
        grouped([(tmp_path / "a", "half of an emoji: \ud83d")]).check("it")
    grouped([(tmp_path / "a", "x")]).check("it")


def test_at_most_five_are_named():
    assert named([1, 2, 3, 4, 5]) == "1, 2, 3, 4, 5" and named([*range(9)]) == "0, 1, 2, 3, 4, ..."
