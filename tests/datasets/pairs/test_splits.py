"""Splits by a column or by a hash of the names: they share no image and lose none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.datasets.pairs.splits import SPLITS, divide, rows_of_split


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
    pictures = {name: Path(name) for name, _ in places}
    found = {split: [row["i"] for row in rows_of_split(Path("f"), rows, split, "i", pictures)] for split in SPLITS}
    assert found == {"train": ["b", "d"], "val": ["c"], "test": ["e"]}
    with pytest.raises(ValueError, match=r"^f has no rows of split 'val' \('val' or .* or 'dev'\); it has 'none', 'train'$"):
        rows_of_split(Path("f"), rows[:2], "val", "i", pictures)


def test_no_rows_are_no_rows():
    assert rows_of_split(Path("f"), [], "train", "i", {}) == []


def test_names_of_one_picture_belong_to_one_split():
    names = [f"{number:02}.png" for number in range(30)]
    aliases = {f"./{name}": Path(name) for name in names[::3]}
    pictures = {name: Path(name) for name in names} | aliases
    rows = [{"i": name} for name in pictures]
    found = {split: {row["i"] for row in rows_of_split(Path("f"), rows, split, "i", pictures)} for split in SPLITS}
    plain = divide(names)  # other names of a picture move no picture
    assert all({str(pictures[name]) for name in found[split]} == plain[split] for split in SPLITS)
    assert sum(map(len, found.values())) == len(rows)
    rows = [{"i": "01.png", "split": "train"}, {"i": "./01.png", "split": "dev"}, {"i": "./01.png", "split": "holdout"}]
    with pytest.raises(
        ValueError, match=r"^f has 1 pictures in more than one split, such as '01\.png' in 'train', '\./01\.png' in"
    ):
        rows_of_split(Path("f"), rows, "test", "i", {"01.png": Path("01.png"), "./01.png": Path("01.png")})
