"""Sources of features: digits without any tower, photographs, texts and views with small ones."""

import numpy as np
import pytest
import torch
from PIL import Image

from replication.datasets.image_set import ImageSet
from replication.datasets.pairs import load_pairs, pair_checksums
from replication.features import sources as module
from replication.features.sources import Towers, load_features, load_splits, source_checksums
from replication.files import sha256

TOWERS = Towers(size=32, image_tower="test_efficientnet", image_weights="random", views=2)


@pytest.fixture
def letters(monkeypatch):
    """A text tower without weights: how often each of four letters occurs."""

    def features(texts, tower):
        return torch.tensor([[text.count(letter) + 0.1 for letter in "aeio"] for text in texts])

    monkeypatch.setattr(module, "text_features", features)


def test_digits_need_nothing(data):
    train, val, test = (load_features("digits", split) for split in ("train", "val", "test"))
    assert [len(part) for part in (train, val, test)] == [1200, 237, 360]
    assert train.left.shape == (1, 1200, 32) and test.right.shape == (1800, 24) and val.views == 1
    pairs = load_pairs("digits", "train", 16)
    assert train.texts[:10] == pairs.captions[0] + pairs.captions[1] and val.texts[:5] == pairs.captions[1200]
    assert torch.equal(val.groups, pairs.labels[1200:])
    assert not list(data.iterdir())
    assert torch.equal(load_features("digits", "test", items=7).right, test.right[:35])


def test_splits_as_heads_are_trained_on_them(data):
    train, val, test = load_splits("digits", items=600, left=8)
    assert (len(train), len(val), len(test)) == (600, 237, 360) and test.left.shape[2] == 8 and val.right.shape[1] == 24
    for x in (train.left, train.right):
        assert abs(x.mean()) < 1e-4 and abs(x.square().mean() - 1) < 1e-3
    assert 0.8 < test.left.square().mean() < 1.2


def write_csv(folder):
    rows = ["filepath,title,split"]
    for number in range(12):
        name = f"{number}.png"
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(folder / name)
        split = ("train", "val", "test")[max(0, number - 9)]
        rows += [f"{name},{'aeio'[caption % 4] * (number + 1)} {caption},{split}" for caption in range(4)]
    (folder / "pairs.csv").write_text("\n".join(rows), encoding="utf-8")
    return str(folder / "pairs.csv")


def test_photographs_with_captions(data, letters, tmp_path):
    source = write_csv(tmp_path)
    train, test = (load_features(source, split, TOWERS) for split in ("train", "test"))
    assert train.left.shape[:2] == (2, 10) and test.left.shape[:2] == (1, 1)
    assert train.counts.tolist() == [4] * 10 and train.texts[4] == "aa 0"
    assert train.right[5].tolist() == pytest.approx([0.1, 2.1, 0.1, 0.1])
    assert len(list((data / ".features").iterdir())) == 2


def test_two_captions_of_one_photograph(data, letters, tmp_path, monkeypatch):
    source = write_csv(tmp_path)
    train = load_features(f"{source} text", "train", TOWERS)
    assert train.left.shape == (2, 10, 4) and train.right.shape == (20, 4) and train.name == "pairs text"
    assert train.left[1, 3].tolist() == pytest.approx([0.1, 4.1, 0.1, 0.1])  # the second caption of the fourth
    assert train.right[7].tolist() == pytest.approx([0.1, 0.1, 0.1, 4.1])  # and its fourth
    monkeypatch.setattr(module, "LEFT_TEXTS", 4)
    with pytest.raises(ValueError, match=r"text' needs more than 4 captions of each image; 10 have no more"):
        load_features(f"{source} text", "train", TOWERS)


def test_two_views_of_an_image(data, monkeypatch):
    images = torch.randint(0, 256, (8, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    statistics = ((0.5,) * 3,) * 2
    monkeypatch.setattr(module, "load_image_set", lambda name, split: ImageSet(name, images, torch.arange(8), 8, *statistics))
    monkeypatch.setitem(module.HELD_OUT, "cifar100", 3)
    train, val, test = (load_features("cifar100 views", split, TOWERS) for split in ("train", "val", "test"))
    assert train.left.shape[:2] == (2, 5) and len(train.right) == 10 and train.counts.tolist() == [2] * 5
    assert val.groups.tolist() == [5, 6, 7] and val.left.shape[:2] == (1, 3) and len(test) == 8
    both = torch.cat([train.left[:, 0], train.right[:2]])  # four different views of the first image
    assert len(both.unique(dim=0)) == 4
    assert len(load_features("cifar100 views", "train", TOWERS, items=2)) == 2


def test_a_file_of_features(data, tmp_path):
    u = np.random.default_rng(0).standard_normal((20, 3))
    np.savez(tmp_path / "own.npz", u=u, v=u)
    assert len(load_features(str(tmp_path / "own.npz"), "train")) == 16


@pytest.mark.parametrize(
    ("source", "split", "message"),
    [
        ("flickr", "train", "source='flickr' must be one of 'digits', 'flickr8k', 'coco', or the path of a .csv file"),
        ("digits", "dev", "split='dev' must be one of 'train', 'val', 'test'"),
        ("digits views", "train", "source='digits views' must be one of 'cifar10 views', 'cifar100 views'"),
    ],
)
def test_unknown_sources_and_splits(data, source, split, message):
    with pytest.raises(ValueError, match=message):
        load_features(source, split)


def test_towers_are_checked_before_any_work():
    with pytest.raises(ValueError, match="views=0 must be >= 1"):
        Towers(views=0)
    with pytest.raises(TypeError, match="text_tower=3 must be a text"):
        Towers(text_tower=3)


def test_checksums_say_what_a_source_is_made_from(data, tmp_path):
    file = tmp_path / "pairs.npz"
    np.savez(file, u=np.ones((3, 2), dtype=np.float32))
    assert source_checksums(str(file)) == {str(file): sha256(file)}
    table = write_csv(tmp_path)
    assert source_checksums(table, 20) == pair_checksums(table, 20) == source_checksums(f"{table} text", 20)
    assert source_checksums("digits", 16) == pair_checksums("digits", 16)


def test_checksums_of_views_are_those_of_the_images(monkeypatch):
    monkeypatch.setattr(module, "checksums", lambda name: {name: "sum"})
    assert source_checksums("cifar100 views", 32) == {"cifar100": "sum"}
