"""Image sets: shapes, the split of the digits, and the published statistics where the data are there."""

import hashlib
import pickle

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR100

from replication.datasets import IMAGE_SETS, load_image_set, load_images
from replication.datasets.archives import folder_of
from replication.datasets.image_set import STATISTICS, ImageSet


def test_digits_are_enlarged_to_three_equal_channels(data):
    train, test = load_image_set("digits", "train"), load_image_set("digits", "test")
    assert (len(train), len(test)) == (1437, 360)
    for part in (train, test):
        assert part.images.shape == (len(part), 3, 32, 32) and part.images.dtype == torch.uint8
        assert part.labels.dtype == torch.int64 and part.classes == 10
        assert torch.equal(part.images[:, 0], part.images[:, 1]) and torch.equal(part.images[:, 0], part.images[:, 2])
    pixels = train.images.double() / 255
    assert train.mean == test.mean == pytest.approx([pixels.mean().item()] * 3)
    assert train.std == test.std == pytest.approx([pixels.std().item()] * 3, rel=1e-5)


def test_the_split_of_the_digits_holds_every_image_once_and_every_class_in_its_share():
    train, test = load_image_set("digits", "train"), load_image_set("digits", "test")
    shares = (torch.bincount(part.labels).double() / len(part) for part in (train, test))
    torch.testing.assert_close(*shares, atol=0.002, rtol=0)
    _, labels = load_images("digits")
    assert torch.equal(torch.bincount(torch.cat([train.labels, test.labels])), torch.bincount(torch.from_numpy(labels)))
    every = torch.cat([train.images, test.images])[:, 0].flatten(1)
    assert len(every.unique(dim=0)) == len({image.tobytes() for image in load_images("digits")[0]})
    assert torch.equal(load_image_set("digits", "test").images, test.images)


def test_the_enlargement_is_bilinear():
    small, _ = load_images("digits")
    flat = torch.cat([load_image_set("digits", split).images[:, 0] for split in ("train", "test")]).double()
    # The 2 x 2 output pixels around a corner of four source pixels average to the mean of these four.
    centres = flat[:, 3:-3, 3:-3].unfold(1, 2, 4).unfold(2, 2, 4).mean((3, 4))
    sources = torch.from_numpy(small[..., 0]).double().unfold(1, 2, 1).unfold(2, 2, 1).mean((3, 4))
    for enlarged in centres[::40]:  # one source image matches, within the rounding to whole numbers
        assert (enlarged - sources).abs().amax((1, 2)).min() <= 0.5


def test_the_first_samples(data):
    part = load_image_set("digits", "test").head(7)
    assert len(part) == len(part.images) == 7 and part.name == "digits"
    assert len(part.head(100)) == 7


def test_cifar_is_read_channels_first_with_fine_labels(data, monkeypatch):
    rng = np.random.default_rng(0)
    folder = data / CIFAR100.base_folder
    folder.mkdir()
    stored = {}
    for name, count in (("train", 6), ("test", 4)):
        stored[name] = rng.integers(0, 256, (count, 3, 32, 32), dtype=np.uint8)
        labels = rng.integers(0, 100, count).tolist()
        entry = {"data": stored[name].reshape(count, -1), "fine_labels": labels, "coarse_labels": [0] * count}
        (folder / name).write_bytes(pickle.dumps(entry))
        stored[name, "labels"] = labels
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": list(map(str, range(100)))}))

    def listed(name):
        return [[name, hashlib.md5((folder / name).read_bytes()).hexdigest()]]

    monkeypatch.setattr(CIFAR100, "train_list", listed("train"))
    monkeypatch.setattr(CIFAR100, "test_list", listed("test"))
    monkeypatch.setattr(CIFAR100, "meta", {"filename": "meta", "key": "fine_label_names", "md5": listed("meta")[0][1]})
    for split in ("train", "test"):
        part = load_image_set("cifar100", split)
        assert np.array_equal(part.images.numpy(), stored[split]) and part.images.is_contiguous()
        assert part.labels.tolist() == stored[split, "labels"] and part.classes == 100
    with open(folder / "meta", "ab") as file:
        file.write(b"x")
    with pytest.raises(FileNotFoundError, match=r"^CIFAR-100 is damaged \(the MD5 of .*meta is not "):
        load_image_set("cifar100", "test")


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_the_published_statistics_are_those_of_the_training_pixels(name):
    if not folder_of(name).is_dir():
        pytest.skip(f"{name} is not in data/")
    part = load_image_set(name, "train")
    assert part.images.shape == (50_000, 3, 32, 32)
    some = part.images[::5].double() / 255
    mean, std = STATISTICS[name]
    assert some.mean((0, 2, 3)).tolist() == pytest.approx(mean, abs=3e-3)
    assert some.std((0, 2, 3)).tolist() == pytest.approx(std, abs=3e-3)


@pytest.mark.parametrize("name", IMAGE_SETS[1:])
def test_missing_data_are_named_in_one_line(data, name):
    with pytest.raises(FileNotFoundError) as caught:
        load_image_set(name, "train")
    message = str(caught.value)
    assert "\n" not in message and str(folder_of(name)) in message
    assert message.endswith(f"with: python -m replication.datasets {name}")


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"^dataset='mnist' must be one of 'digits', 'cifar10', 'cifar100', 'tiny-imagenet'$"):
        load_image_set("mnist")
    with pytest.raises(ValueError, match=r"^split='val' must be one of 'train', 'test'$"):
        load_image_set("digits", "val")


@pytest.mark.parametrize(
    ("images", "labels", "kind", "message"),
    [
        (torch.zeros(2, 3, 4, 4), torch.zeros(2).long(), TypeError, r"^images is torch\.float32; it must be torch\.uint8"),
        (
            torch.zeros(2, 1, 4, 4).byte(),
            torch.zeros(2).long(),
            ValueError,
            r"^images has shape \[2, 1, 4, 4\]; it must be",
        ),
        (torch.zeros(2, 4, 4, 3).byte(), torch.zeros(2).long(), ValueError, r"^images has shape \[2, 4, 4, 3\]; it must be"),
        (torch.zeros(3, 4, 4).byte(), torch.zeros(3).long(), ValueError, r"^images has shape \[3, 4, 4\]; it must be"),
        (torch.zeros(0, 3, 4, 4).byte(), torch.zeros(0).long(), ValueError, r"none of them 0$"),
        (
            torch.zeros(2, 3, 4, 4).byte(),
            torch.zeros(3).long(),
            ValueError,
            r"^labels is torch\.int64 \[3\]; it must be",
        ),
        (
            torch.zeros(2, 3, 4, 4).byte(),
            torch.zeros(2),
            ValueError,
            r"^labels is torch\.float32 \[2\]; it must be",
        ),
    ],
)
def test_wrong_images_are_one_line(images, labels, kind, message):
    with pytest.raises(kind, match=message):
        ImageSet("mine", images, labels, 1, (0.5,) * 3, (0.5,) * 3)
