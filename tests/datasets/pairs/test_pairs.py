"""Pairs from every source: what they hold, what they refuse, and their checksums."""

import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from replication.clip.settings import Settings
from replication.datasets.pairs import PairSet, load_pairs, pair_checksums, resolved


def test_a_csv_of_your_own(data, picture, write_csv):
    picture(data / "a.png", (255, 0, 0))
    picture(data / "deep" / "b.png", (0, 0, 255))
    path = write_csv(["a.png,a red one,train", "deep/b.png,blue,train", "a.png,red again,train"], "filepath,title,split")
    pairs = load_pairs(path, "train", 8)
    assert pairs.name == "pairs" and pairs.captions == [["a red one", "red again"], ["blue"]] and pairs.labels is None
    assert pairs.images[:, :, 4, 4].tolist() == [[255, 0, 0], [0, 0, 255]]


def test_columns_separator_and_fit_are_passed_on(data, picture, write_csv):
    picture(data / "a.png", (0, 0, 0), size=(64, 32))
    with Image.open(data / "a.png") as image:
        image.paste((255, 255, 255), (0, 0, 8, 32))  # white where a central square does not reach
        image.save(data / "a.png")
    path = write_csv(["a.png;text;test"], "image;caption;split")
    for fit, shows in (("squash", True), ("crop", False)):
        pairs = load_pairs(path, "test", 8, "image", "caption", ";", fit)
        assert pairs.captions == [["text"]] and bool(pairs.images.max() > 200) == shows
    with pytest.raises(ValueError, match=r"^fit='pad' must be one of 'squash', 'crop'$"):
        load_pairs(path, "test", 8, "image", "caption", ";", "pad")


def test_missing_images_are_counted_and_at_most_five_named(write_csv):
    path = write_csv([f"{number}.png,text,train" for number in range(7)], "filepath,title,split")
    with pytest.raises(FileNotFoundError, match=r"^7 of 7 image files of .*pairs\.csv, split 'train' are missing: ") as caught:
        load_pairs(path, "train", 8)
    assert str(caught.value).count(".png") == 5 and "\n" not in str(caught.value)


def test_coco_and_flickr8k_are_sources(data, picture):
    picture(data / "coco" / "val2017" / "x.jpg", (9, 9, 9))
    picture(data / "flickr8k" / "images" / "x.jpg", (7, 7, 7))
    (data / "coco" / "annotations").mkdir()
    content = {"images": [{"id": 1, "file_name": "x.jpg"}], "annotations": [{"image_id": 1, "caption": "a"}]}
    (data / "coco" / "annotations" / "captions_val2017.json").write_text(json.dumps(content), encoding="utf-8")
    (data / "flickr8k" / "captions.csv").write_text("image,caption,split\nx.jpg,b,test\n", encoding="utf-8")
    found = [load_pairs(source, "test", 8) for source in ("coco", "flickr8k")]
    assert [pairs.captions for pairs in found] == [[["a"]], [["b"]]]
    assert [int(pairs.images[0, 0, 0, 0]) for pairs in found] == [9, 7]


def test_the_first_pairs():
    pairs = PairSet("x", torch.arange(5 * 3).view(5, 3, 1, 1), [[letter] for letter in "abcde"], torch.arange(5))
    head = pairs.head(2)
    assert len(head) == 2 and head.captions == [["a"], ["b"]] and head.labels.tolist() == [0, 1]
    assert torch.equal(head.images, pairs.images[:2]) and pairs.head(0) is pairs and len(pairs.head(9)) == 5
    with pytest.raises(ValueError, match=r"^count=-1 must be >= 0$"):
        pairs.head(-1)


def test_pairs_that_do_not_fit_together():
    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"^captions and labels of x must be as many as its 2 images$"):
        PairSet("x", images, [["a"]])
    with pytest.raises(ValueError, match=r"^captions and labels of x must be as many as its 2 images$"):
        PairSet("x", images, [["a"], ["b"]], torch.zeros(3))
    with pytest.raises(ValueError, match=r"^1 of 2 images of x have no caption: number 1$"):
        PairSet("x", images, [["a"], []])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("imagenet", "train", 8), r"^source='imagenet' must be one of 'digits', 'flickr8k', 'coco', or the path of a \.csv"),
        (("digits", "all", 8), r"^split='all' must be one of 'train', 'val', 'test'$"),
        (("digits", "train", 4), r"^size=4 must be >= 8$"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_pairs(*arguments)


def test_checksums_depend_on_images_and_captions_of_both_splits(data, picture, write_csv):
    rows = {"a.png": "x,train", "b.png": "y,test"}

    def sums(**changes):
        pair_checksums.cache_clear()
        table = [f"{name},{rest}" for name, rest in (rows | changes.get("rows", {})).items()]
        return pair_checksums(write_csv(table, "filepath,title,split"), 8)

    for level, name in enumerate(rows):
        picture(data / name, (level, 0, 0))
    before = sums()
    assert list(before) == ["pairs train at 8 px", "pairs test at 8 px"] and all(len(value) == 64 for value in before.values())
    assert sums() == before
    changed = sums(rows={"a.png": "z,train"})
    assert [changed[key] == before[key] for key in before] == [False, True]
    picture(data / "b.png", (99, 99, 99), size=(30, 30))
    changed = sums()
    assert [changed[key] == before[key] for key in before] == [True, False]


def test_a_relative_path_begins_at_the_project_folder_wherever_a_process_stands(data, picture, write_csv, monkeypatch):
    for name in ("notebooks", "elsewhere"):
        (data / name).mkdir()
    (data / "pyproject.toml").touch()
    picture(data / "a.png")
    path = write_csv(["a.png,x,train"], "filepath,title,split")
    for place in (data, data / "notebooks", data / "elsewhere"):
        monkeypatch.chdir(place)
        assert resolved("pairs.csv") == resolved("./pairs.csv") == resolved(path) == path
        assert load_pairs("pairs.csv", "train", 8).captions == [["x"]]
    assert resolved("digits") == "digits"
    for wrong in ("imagenet", None, 5):
        with pytest.raises(ValueError, match=rf"^source={wrong!r} must be one of 'digits', 'flickr8k', 'coco', or the path of"):
            resolved(wrong)


def test_settings_name_the_file_as_every_worker_finds_it(data, monkeypatch):
    monkeypatch.chdir(data)
    settings = Settings(source="deep/pairs.csv", method="SGD")
    assert settings.source == str(data / "deep" / "pairs.csv") and Settings(source="coco", method="SGD").source == "coco"
    monkeypatch.chdir("/")
    assert replace(settings, seed=1).source == settings.source
