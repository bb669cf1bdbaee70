"""Flickr8k and MSCOCO in small copies of their layouts; Flickr8k itself where it lies in `data/`."""

import json

import pytest

from replication import files
from replication.datasets.pairs.photographs import coco, flickr8k


def of(listing):
    return {path.name: captions for path, captions in zip(listing.paths, listing.captions, strict=True)}


@pytest.mark.parametrize("images", ["Flicker8k_Dataset", "Flickr8k_Dataset", "images"])
def test_flickr8k_as_distributed(data, picture, images):
    folder = data / "flickr8k"
    with pytest.raises(
        FileNotFoundError, match=r"^Flickr8k is missing \(.*token\.txt\): unpack Flickr8k_Dataset\.zip and"
    ) as error:
        flickr8k("train")
    assert str(folder) in str(error.value) and "\n" not in str(error.value)
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        picture(folder / images / name)
    (folder / "Flickr8k.token.txt").write_text(
        "1.jpg#0\ta dog\n1.jpg#1\tone dog\n2.jpg#0\ta cat\n3.jpg#0\tit\n1.jpg.1#0\tno\n", encoding="utf-8"
    )
    (folder / "Flickr_8k.trainImages.txt").write_text("2.jpg\n1.jpg\n", encoding="utf-8")
    (folder / "Flickr_8k.testImages.txt").write_text("3.jpg\n", encoding="utf-8")
    (folder / "Flickr_8k.devImages.txt").write_text("1.jpg\n5.jpg\n", encoding="utf-8")
    assert of(flickr8k("train")) == {"2.jpg": ["a cat"], "1.jpg": ["a dog", "one dog"]}
    assert of(flickr8k("test")) == {"3.jpg": ["it"]}
    flickr8k("train").check("it")  # the files are where it says
    with pytest.raises(ValueError, match=r"^1 of 2 photographs in .*devImages\.txt have no caption in .*token\.txt: 5\.jpg$"):
        flickr8k("val")
    (folder / "Flickr_8k.testImages.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"^Flickr8k is missing \(.*Flickr_8k\.testImages\.txt\)"):
        flickr8k("test")


def test_flickr8k_repacked(data):
    folder = data / "flickr8k"
    folder.mkdir()
    rows = ["1.jpg,a dog,0,train", "1.jpg,one dog,1,train", "2.jpg,a cat,0,dev", "3.jpg,it,0,test", "4.jpg,no,0,none"]
    (folder / "captions.csv").write_text("\n".join(["image,caption,caption_id,split", *rows]) + "\n", encoding="utf-8")
    assert flickr8k("train").paths == [folder / "images" / "1.jpg"]
    assert of(flickr8k("train")) == {"1.jpg": ["a dog", "one dog"]}
    assert of(flickr8k("val")) == {"2.jpg": ["a cat"]} and of(flickr8k("test")) == {"3.jpg": ["it"]}


@pytest.mark.skipif(not (files.data_dir() / "flickr8k").is_dir(), reason="Flickr8k is not in data/")
def test_the_official_splits_of_flickr8k():
    listings = {split: flickr8k(split) for split in ("train", "val", "test")}
    assert [len(listing.paths) for listing in listings.values()] == [6000, 1000, 1000]
    assert {len(captions) for listing in listings.values() for captions in listing.captions} == {5}
    assert len({path for listing in listings.values() for path in listing.paths}) == 8000
    listings["test"].check("Flickr8k")


def write_annotations(data, year, content):
    place = data / "coco" / "annotations" / f"captions_{year}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_coco(data):
    with pytest.raises(FileNotFoundError, match=r"^MSCOCO is missing \(.*captions_val2017\.json\): unpack val2017\.zip and"):
        coco("test")
    images = [{"id": 7, "file_name": "x.jpg"}, {"id": 3, "file_name": "y.jpg"}]
    captions = [{"image_id": 7, "caption": "a\n"}, {"image_id": 3, "caption": "b"}, {"image_id": 7, "caption": "c"}]
    write_annotations(data, "val2017", {"images": images, "annotations": captions})
    write_annotations(data, "train2017", {"images": images[:1], "annotations": captions[:1]})
    assert of(coco("test")) == {"x.jpg": ["a", "c"], "y.jpg": ["b"]} and of(coco("train")) == {"x.jpg": ["a"]}
    assert coco("test").paths[0] == data / "coco" / "val2017" / "x.jpg"
    with pytest.raises(ValueError, match=r"^the split of coco='val' must be one of 'train', 'test'$"):
        coco("val")


@pytest.mark.parametrize(
    "content", ["{half", {"images": []}, [], {"images": [], "annotations": [{"image_id": 1, "caption": "a"}]}]
)
def test_damaged_annotations_are_one_line(data, content):
    write_annotations(data, "val2017", content)
    with pytest.raises(ValueError, match=r"^.*captions_val2017\.json is damaged, or not MSCOCO's captions: \w+ [^\n]*$"):
        coco("test")


@pytest.mark.parametrize("caption", [None, 5, ["a"]])
def test_captions_of_coco_that_are_no_texts(data, caption):
    images = [{"id": 7, "file_name": "x.jpg"}]
    captions = [{"image_id": 7, "caption": "a"}, {"image_id": 7, "caption": caption}]
    write_annotations(data, "val2017", {"images": images, "annotations": captions})
    with pytest.raises(ValueError) as caught:
        coco("test")
    place = data / "coco" / "annotations" / "captions_val2017.json"
    assert str(caught.value) == f"1 of 2 captions in {place} are no texts: {caption!r} of x.jpg"


def write_flickr8k(data, tokens, names="1.jpg\n"):
    folder = data / "flickr8k"
    folder.mkdir()
    (folder / "Flickr8k.token.txt").write_bytes(tokens)
    (folder / "Flickr_8k.trainImages.txt").write_text(names, encoding="utf-8")


def test_captions_end_at_line_breaks_only(data):
    write_flickr8k(data, "1.jpg#0\ta dog\u2028and\x85a cat\r\nmy 2.jpg#0\tcafé\r\n".encode(), "1.jpg\nmy 2.jpg\n")
    assert of(flickr8k("train")) == {"1.jpg": ["a dog\u2028and\x85a cat"], "my 2.jpg": ["café"]}


def test_files_that_are_not_utf8_are_named(data):
    write_flickr8k(data, "1.jpg#0\ta\n1.jpg#1\tcafé\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"^.*/Flickr8k\.token\.txt, line 2: not UTF-8 \(byte 0xe9\); save the file as UTF-8$"):
        flickr8k("train")
    write_annotations(data, "val2017", "{}")
    place = data / "coco" / "annotations" / "captions_val2017.json"
    place.write_bytes(b'{"images": "\xe9"}')
    with pytest.raises(ValueError, match=r"^.*/captions_val2017\.json, line 1: not UTF-8"):
        coco("test")
