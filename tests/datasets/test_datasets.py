"""Data sets: the digits, and what happens where CIFAR-100 is missing."""

import numpy as np
import pytest

from replication import datasets
from replication.datasets import checksums, load_images


@pytest.fixture
def no_data(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "data_dir", lambda: tmp_path)
    return tmp_path


def test_digits_need_no_download(no_data):
    images, labels = load_images("digits")
    assert images.shape == (1797, 8, 8, 1) and images.dtype == np.uint8
    assert images.min() == 0 and images.max() == 255
    assert labels.shape == (1797,) and set(labels) == set(range(10))


@pytest.mark.parametrize("train", [True, False])
def test_missing_or_damaged_cifar_names_the_command_that_downloads_it(no_data, train):
    def refused():
        with pytest.raises(FileNotFoundError) as caught:
            load_images("cifar100", train)
        return str(caught.value)

    message = refused()
    assert message.startswith(f"CIFAR-100 is missing or damaged in {no_data}; download it with torchvision.datasets.CIFAR100(")
    assert "\n" not in message
    folder = no_data / "cifar-100-python"
    folder.mkdir()
    (folder / "train").write_bytes(b"half a download")
    assert refused() == message


def test_unknown_data_are_refused():
    with pytest.raises(ValueError, match=r"^dataset='mnist' must be one of 'digits', 'cifar100'"):
        load_images("mnist")


def test_the_checksum_depends_on_images_and_labels_alone(monkeypatch):
    stored = checksums("digits")
    images, labels = load_images("digits")

    def checksum_of(some_images, some_labels):
        monkeypatch.setattr(datasets, "load_images", lambda name: (some_images, some_labels))
        return checksums.__wrapped__("digits")

    assert checksum_of(images.copy(), labels.astype(np.int32)) == stored and len(stored["digits"]) == 64
    changed = images.copy()
    changed[5, 3, 3] += 1
    assert checksum_of(changed, labels) != stored
    assert checksum_of(images, np.roll(labels, 1)) != stored
    assert checksums(None) == {}
