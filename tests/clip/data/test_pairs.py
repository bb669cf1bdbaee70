"""Pairs from every source, on small copies of the layouts."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from replication.clip.data import caption_groups, draw_captions, duplicate_share, load_pairs, pair_checksums
from replication.clip.data.pairs import PairSet


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr("replication.paths.data_dir", lambda: tmp_path)
    for module in ("decoding", "photographs"):
        monkeypatch.setattr(f"replication.clip.data.{module}.data_dir", lambda: tmp_path)
    return tmp_path


def picture(path, colour, mode="RGB", size=(20, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path)


def write_csv(folder, rows, header="filepath,title"):
    path = folder / "pairs.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def test_digits_have_five_captions_that_name_the_digit():
    train, test = load_pairs("digits", "train", 32), load_pairs("digits", "test", 16)
    assert train.images.shape == (1437, 3, 32, 32) and test.images.shape == (360, 3, 16, 16)
    assert train.images.dtype == torch.uint8
    names = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    for label, captions in zip(train.labels.tolist(), train.captions, strict=True):
        assert len(captions) == 5 and all(names[label] in caption for caption in captions)
    for words in (("thin", "medium", "bold"), ("leaning left", "leaning nowhere", "leaning right")):
        shares = [sum(word in captions[1] for captions in train.captions) / len(train) for word in words]
        assert all(0.2 < share < 0.5 for share in shares), "each word fits about a third of the digits"
    head = train.head(3)
    assert len(head) == len(head.captions) == len(head.labels) == 3 and train.head(0) is train


def test_a_csv_of_your_own(data):
    picture(data / "a.png", (255, 0, 0))
    picture(data / "deep" / "b.png", (0, 0, 255))
    pairs = load_pairs(write_csv(data, ["a.png,a red one", "deep/b.png,blue", "a.png,red again"]), "train", 8)
    assert pairs.name == "pairs" and pairs.captions == [["a red one", "red again"], ["blue"]]
    assert pairs.images[:, :, 4, 4].tolist() == [[255, 0, 0], [0, 0, 255]]
    assert torch.equal(load_pairs(str(data / "pairs.csv"), "test", 8).images, pairs.images)


def test_a_csv_with_other_columns_and_splits(data):
    for name in "ab":
        picture(data / f"{name}.png", (9, 9, 9))
    path = write_csv(data, ["a.png,one,train", "b.png,two,test"], "image,caption,split")
    assert load_pairs(path, "test", 8, "image", "caption").captions == [["two"]]
    with pytest.raises(ValueError, match=r"^.*pairs\.csv, split 'val' holds no images$"):
        load_pairs(path, "val", 8, "image", "caption")
    with pytest.raises(ValueError, match=r"has no column 'filepath'; it has 'image', 'caption', 'split'$"):
        load_pairs(path, "test", 8)


def test_missing_images_are_counted_and_at_most_five_named(data):
    path = write_csv(data, [f"{number}.png,text" for number in range(7)])
    with pytest.raises(FileNotFoundError, match=r"^7 of 7 image files of .* are missing: ") as caught:
        load_pairs(path, "train", 8)
    assert str(caught.value).count(".png") == 5 and "\n" not in str(caught.value)


def test_empty_captions_and_damaged_images_are_one_line(data):
    picture(data / "a.png", (1, 2, 3))
    with pytest.raises(ValueError, match=r"^1 of 1 images of .* have an empty caption: .*a\.png$"):
        load_pairs(write_csv(data, ["a.png,  "]), "train", 8)
    (data / "b.png").write_bytes((data / "a.png").read_bytes()[:40])
    (data / "c.png").write_text("no image")
    with pytest.raises(ValueError, match=r"^2 of 3 images of pairs train are damaged or no images: .*b\.png, .*c\.png$"):
        load_pairs(write_csv(data, [f"{name}.png,text" for name in "abc"]), "train", 8)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_other_colour_modes_are_converted(data, mode):
    suffix = "jpg" if mode == "CMYK" else "png"
    picture(data / f"a.{suffix}", (255, 255, 255), mode)
    images = load_pairs(write_csv(data, [f"a.{suffix},white"]), "train", 8).images
    assert images.shape == (1, 3, 8, 8) and images.min() > 250


def test_decoding_happens_once_and_again_where_files_or_cache_changed(data, monkeypatch):
    from replication.clip.data import decoding

    picture(data / "a.png", (10, 20, 30))
    path, decode, calls = write_csv(data, ["a.png,x"]), decoding._decode, []
    monkeypatch.setattr(decoding, "_decode", lambda *arguments: calls.append(1) or decode(*arguments))
    for _ in range(2):
        load_pairs(path, "train", 8)
    assert len(calls) == 1
    (cache,) = (data / ".decoded").glob("*.npy")
    cache.write_bytes(cache.read_bytes()[:50])
    assert load_pairs(path, "train", 8).images[0, :, 0, 0].tolist() == [10, 20, 30] and len(calls) == 2
    picture(data / "a.png", (99, 0, 0), size=(30, 30))
    assert load_pairs(path, "train", 8).images[0, 0, 0, 0] == 99 and len(calls) == 3
    assert not list((data / ".decoded").glob(".*"))


def test_flickr8k_in_its_original_layout(data):
    with pytest.raises(FileNotFoundError, match=r"^Flickr8k is missing in .*flickr8k; data/README\.md says"):
        load_pairs("flickr8k", "train", 8)
    folder = data / "flickr8k"
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        picture(folder / "Flicker8k_Dataset" / name, (50, 60, 70))
    (folder / "Flickr8k.token.txt").write_text("1.jpg#0\ta dog\n1.jpg#1\tone dog\n2.jpg#0\ta cat\n3.jpg#0\tnobody\n")
    (folder / "Flickr_8k.trainImages.txt").write_text("2.jpg\n1.jpg\n")
    (folder / "Flickr_8k.testImages.txt").write_text("3.jpg\n")
    assert load_pairs("flickr8k", "train", 8).captions == [["a dog", "one dog"], ["a cat"]]
    assert load_pairs("flickr8k", "test", 8).captions == [["nobody"]]


def test_coco(data):
    with pytest.raises(FileNotFoundError, match=r"captions_val2017\.json is missing; data/README\.md says"):
        load_pairs("coco", "test", 8)
    picture(data / "coco" / "val2017" / "x.jpg", (1, 1, 1))
    annotations = {"images": [{"id": 7, "file_name": "x.jpg"}]}
    annotations["annotations"] = [{"image_id": 7, "caption": text} for text in ("a", "b")]
    (data / "coco" / "annotations").mkdir()
    (data / "coco" / "annotations" / "captions_val2017.json").write_text(json.dumps(annotations))
    assert load_pairs("coco", "val", 8).captions == [["a", "b"]]


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


def test_a_csv_that_does_not_exist():
    with pytest.raises(FileNotFoundError, match=r"^source='nowhere\.csv' does not exist$"):
        load_pairs("nowhere.csv", "train", 8)


def pairs_of(*captions):
    return PairSet("x", torch.zeros(len(captions), 3, 8, 8, dtype=torch.uint8), [list(texts) for texts in captions])


def test_each_caption_of_an_image_is_drawn_equally_often():
    pairs = pairs_of(*[["a", "b", "c"]] * 2000, ["only"])
    drawn = draw_captions(pairs, 0, 0)
    assert drawn[-1] == 0 and ((drawn[:-1].bincount() - 2000 / 3).abs() < 100).all()
    assert torch.equal(drawn, draw_captions(pairs, 0, 0))
    assert not torch.equal(drawn, draw_captions(pairs, 0, 1)) and not torch.equal(drawn, draw_captions(pairs, 1, 0))


def test_groups_name_the_image_of_each_caption():
    texts, groups = caption_groups(pairs_of(["a", "b"], ["c"]))
    assert texts == ["a", "b", "c"] and groups.tolist() == [0, 0, 1]


def test_near_duplicates_are_counted_in_pairs():
    texts = ["A dog runs!", "the dog runs", "a dog sleeps", "two cats", "", "of the"]
    assert duplicate_share(torch.tensor([[0, 1, 3]]), texts) == pytest.approx(1 / 3)
    assert duplicate_share(torch.tensor([[0, 2]]), texts) == 0  # one word of three
    assert duplicate_share(torch.tensor([[0, 2]]), texts, threshold=1 / 3) == 1
    assert duplicate_share(torch.tensor([[4, 5]]), texts) == 0  # nothing to agree on
    assert duplicate_share(torch.tensor([[0, 3], [1, 2]]), texts) == 0


def test_near_duplicates_against_a_loop():
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(list("pqrstuv"), size=generator.integers(1, 5))) for _ in range(40)]
    plan = torch.from_numpy(generator.permutation(40)).view(5, 8)
    count = 0
    for row in plan.tolist():
        for i in row:
            for j in row:
                one, two = set(texts[i].split()), set(texts[j].split())
                count += i != j and len(one & two) >= 0.5 * len(one | two)
    assert duplicate_share(plan, texts) == pytest.approx(count / (5 * 8 * 7))


def test_checksums_depend_on_images_and_captions(data):
    picture(data / "a.png", (1, 2, 3))
    found = []
    for caption in ("x", "y"):
        pair_checksums.cache_clear()
        found.append(pair_checksums(write_csv(data, [f"a.png,{caption}"]), 8)["pairs at 8 px"])
    assert found[0] != found[1] and len(found[0]) == 64
