"""Splits by a column or by a hash of the names: they share no image and lose none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.clip.data.splits import SPLITS, divide, rows_of_split


@given(st.sets(st.text(min_size=1), min_size=3, max_size=60), st.randoms())
def test_dividing_shares_and_loses_nothing_whatever_the_order(names, random):
    parts = divide(sorted(names))
    assert list(map(len, (parts["test"], parts["val"]))) == [max(1, len(names) // 10)] * 2
    assert set().union(*parts.values()) == names and sum(map(len, parts.values())) == len(names) and parts["train"]
    rows = sorted(names) * 2
    random.shuffle(rows)
    assert divide(rows) == parts


def test_the_place_of_an_image_is_no_matter_of_its_place_in_the_alphabet():
    names = [f"{number:03}" for number in range(200)]
    assert 60 < sum(map(int, divide(names)["test"])) / 20 < 140


def test_rows_keep_their_order_and_belong_to_one_split():
    places = (("a", "none"), ("b", "train"), ("c", "val"), ("d", "Train "), ("e", "test"))
    rows = [{"i": name, "split": split} for name, split in places]
    found = {split: [row["i"] for row in rows_of_split(Path("f"), rows, split, "i")] for split in SPLITS}
    assert found == {"train": ["b", "d"], "val": ["c"], "test": ["e"]}
    with pytest.raises(ValueError, match=r"^f has no rows of split 'val' \('val' or .* or 'dev'\); it has 'none', 'train'$"):
        rows_of_split(Path("f"), rows[:2], "val", "i")


def test_no_rows_are_no_rows():
    assert rows_of_split(Path("f"), [], "train", "i") == []
