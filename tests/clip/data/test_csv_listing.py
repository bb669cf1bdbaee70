"""Tables in open_clip's convention: columns, separators, splits, and one line for each fault."""

import re
from pathlib import Path

import pytest

from replication.clip.data.csv_listing import from_csv


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
    assert "cannot be read as a table with the separator ';;'" in refusal(semicolons, separator=";;")


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
    assert refusal(path).endswith("has 1 images in more than one split, such as 'a.png'")


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
    rows = ["a.png,x", "b.png,", ",y", "c.png,  ", "d.png"]
    assert re.search(r"^1 of 5 rows of .* have an empty 'filepath': line 4$", refusal(write_csv(rows)))
    rows[2] = "e.png,y"
    assert re.search(r"^3 of 5 rows of .* have an empty 'title': line 3, 5, 6$", refusal(write_csv(rows)))
    message = refusal(write_csv(["a.png,a dog, running"] * 7))  # else the caption would be "a dog"
    assert re.search(r"^7 rows of .* have more cells than columns \(line 2, 3, 4, 5, 6, \.\.\.\); quote captions", message)


def test_files_that_are_no_tables(write_csv, data):
    with pytest.raises(FileNotFoundError, match=r"^source='nowhere\.csv' does not exist$"):
        read("nowhere.csv")
    path = write_csv(["a.png,é"], encoding="latin-1")
    assert "pairs.csv cannot be read as a table with the separator" in refusal(path)
    (data / "pairs.csv").write_text("")
    assert refusal(path).endswith("has no column 'filepath'; it has none")
    write_csv([])
    assert read(path) == {}
