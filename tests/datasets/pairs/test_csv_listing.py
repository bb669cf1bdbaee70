"""Tables in open_clip's convention: columns, separators, splits, and one line for each fault."""

import os
import re
import shutil
from pathlib import Path

import pytest

from replication.datasets.pairs.csv_listing import from_csv


def read(source, split="train", image_column="filepath", caption_column="title", **options):
    listing = from_csv(Path(source), split, image_column, caption_column, **options)
    return {path.name: captions for path, captions in zip(listing.paths, listing.captions, strict=True)}


def refusal(source, *arguments, **options):
    with pytest.raises(ValueError) as caught:
        read(source, *arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_quotes_byte_order_marks_and_separators(write_csv):
    header = "filepath,title,split"
    expected = {"a.png": ["one, two"], "b.png": ["é"]}
    assert read(write_csv(['a.png,"one, two",train', "b.png,é,train"], header, "utf-8-sig")) == expected
    assert read(write_csv(["a.png\tone, two\ttrain", "b.png\té\ttrain"], header.replace(",", "\t"))) == expected
    semicolons = write_csv(["a.png;one, two;train", "b.png;é;train"], header.replace(",", ";"))
    assert read(semicolons, separator=";") == expected
    assert refusal(semicolons).endswith("has no column 'filepath'; it has 'filepath;title;split'")


def test_paths_are_relative_to_the_file_or_to_a_folder(write_csv, data):
    path = Path(write_csv(["deep/a.png,x,train", f"{data}/b.png,y,train"], "filepath,title,split"))
    assert from_csv(path, "train", "filepath", "title").paths == [data / "deep" / "a.png", data / "b.png"]
    listing = from_csv(path, "train", "filepath", "title", folder=data / "images")
    assert listing.paths == [data / "images" / "deep" / "a.png", data / "b.png"]


def test_other_columns_and_the_words_for_splits(write_csv):
    rows = ["a.png,one,train", "a.png,again,TRAIN", "b.png,two,dev", "c.png,three,test", "d.png,four,none"]
    path = write_csv(rows, "image,caption,split")
    found = {split: read(path, split, "image", "caption") for split in ("train", "val", "test")}
    assert found == {"train": {"a.png": ["one", "again"]}, "val": {"b.png": ["two"]}, "test": {"c.png": ["three"]}}
    assert refusal(path).endswith("has no column 'filepath'; it has 'image', 'caption', 'split'")


def test_a_split_without_rows_names_those_that_there_are(write_csv):
    message = refusal(write_csv(["a.png,x,train", "b.png,x,holdout"], "filepath,title,split"), "test")
    assert message.endswith("has no rows of split 'test' ('test'); it has 'holdout', 'train'")


def test_an_image_in_two_splits_would_be_tested_after_training_on_it(write_csv):
    path = write_csv(["a.png,x,train", "b.png,x,train", "a.png,y,test"], "filepath,title,split")
    assert refusal(path).endswith("has 1 pictures in more than one split, such as 'a.png' in 'train', 'a.png' in 'test'")


def test_without_splits_images_are_divided_by_their_names(write_csv):
    rows = [f"{number}.png,caption {text}" for number in range(25) for text in "ab"]
    path = write_csv(rows)
    found = {split: read(path, split) for split in ("train", "val", "test")}
    assert [len(found[split]) for split in ("train", "val", "test")] == [21, 2, 2]
    assert len(set().union(*found.values())) == 25
    assert all(captions == ["caption a", "caption b"] for part in found.values() for captions in part.values())
    write_csv(rows[::-1])
    assert set(read(path, "test")) == set(found["test"])


def test_rows_that_are_not_whole_are_counted_with_their_lines(write_csv):
    rows = ["a.png,x", "b.png,", ",y", "c.png,  ", 'd.png,""']
    assert re.search(r"^1 of 5 rows of .* have an empty 'filepath': line 4$", refusal(write_csv(rows)))
    rows[2] = "e.png,y"
    assert re.search(r"^3 of 5 rows of .* have an empty 'title': line 3, 5, 6$", refusal(write_csv(rows)))
    message = refusal(write_csv(["a.png,a dog, running"] * 7))  # else the caption would be "a dog"
    assert re.search(
        r"^7 of 7 rows of .* do not have 2 cells, one for each column: line 2 has 3, (line \d has 3, ){4}\.\.\.; put", message
    )


def test_files_that_are_no_tables(write_csv, data):
    with pytest.raises(FileNotFoundError, match=r"^source='nowhere\.csv' does not exist$"):
        read("nowhere.csv")
    path = write_csv(["a.png,é"], encoding="latin-1")
    assert refusal(path).endswith("pairs.csv, line 2: not UTF-8 (byte 0xe9); save the file as UTF-8")
    (data / "pairs.csv").write_text("", encoding="utf-8")
    assert refusal(path).endswith("has no column 'filepath'; it has none")
    write_csv([])
    assert read(path) == {}


def test_captions_that_swallow_rows_between_two_stray_marks_are_noticed(write_csv):
    rows = ['1.png,"Hello there', "2.png,caption two", '3.png,the largest is 5"']  # together they look like one quoted caption
    assert refusal(write_csv(rows)).endswith(
        "pairs.csv, line 2: its caption has several lines, and line 3 holds the name of an image, as if a quotation mark "
        "were not closed; close it, or take the line breaks out of the caption"
    )
    assert "line 2: its caption has several lines, and line 2 holds" in refusal(
        write_csv(['"Hello,a.png', 'to b.png",b.png'], "title,filepath")
    )


def test_captions_of_several_lines(write_csv):
    path = write_csv(['1.png,"a dog,', 'running to 3 cats",train'], "filepath,title,split")
    assert read(path) == {"1.png": ["a dog,\nrunning to 3 cats"]}


@pytest.fixture
def names(data, picture):
    """Other names of the pictures {number}.png."""
    for number in range(20):
        picture(data / f"{number}.png", (number, 0, 0))
        (data / f"soft{number}.png").symlink_to(data / f"{number}.png")
        os.link(data / f"{number}.png", data / f"hard{number}.png")
        shutil.copy(data / f"{number}.png", data / f"copy{number}.png")
    (data / "deep").mkdir()
    return "./{}.png", "{}.png ", "deep/../{}.png", f"{data}/{{}}.png", "soft{}.png", "hard{}.png", "copy{}.png"


def test_no_picture_is_trained_on_and_tested_under_another_name(write_csv, names):
    def pictures(path, split):
        return {place.read_bytes() for place in from_csv(Path(path), split, "filepath", "title").paths}

    plain = write_csv([f"{number}.png,x" for number in range(20)])
    expected = {split: pictures(plain, split) for split in ("train", "val", "test")}
    for name in names:
        path = write_csv([f"{one.format(number)},x" for number in range(20) for one in (name, "{}.png")])
        assert {split: pictures(path, split) for split in expected} == expected
        rows = [f"{number}.png,x,train" for number in range(20)] + [f"{name.format(3)},y,test"]
        assert f"has 1 pictures in more than one split, such as '3.png' in 'train', {name.format(3)!r} in 'test'" in refusal(
            write_csv(rows, "filepath,title,split")
        )


def test_names_of_one_file_share_its_captions_and_copies_do_not(write_csv, names):
    for name in names:
        path = Path(write_csv(["3.png,one,train", f"{name.format(3)},two,train"], "filepath,title,split"))
        found = from_csv(path, "train", "filepath", "title").captions
        assert found == ([["one"], ["two"]] if name.startswith("copy") else [["one", "two"]])
