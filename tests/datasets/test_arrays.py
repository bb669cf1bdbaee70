"""Data sets as they are stored: the digits, checksums, and what happens where CIFAR is missing."""

import numpy as np
import pytest

from replication.datasets import arrays, checksums, load_images
from replication.datasets.archives import ARCHIVES, folder_of


def test_digits_need_no_download(data):
    images, labels = load_images("digits")
    assert images.shape == (1797, 8, 8, 1) and images.dtype == np.uint8
    assert images.min() == 0 and images.max() == 255
    assert labels.shape == (1797,) and set(labels) == set(range(10))


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
@pytest.mark.parametrize("train", [True, False])
def test_missing_or_damaged_cifar_names_the_file_and_the_command_that_downloads_it(data, name, train):
    def refused():
        with pytest.raises(FileNotFoundError) as caught:
            load_images(name, train)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    file = folder_of(name) / ("data_batch_1" if name == "cifar10" else "train")
    title = ARCHIVES[name].title
    command = f"download it ({ARCHIVES[name].megabytes} MB, to {folder_of(name)}) with: python -m replication.datasets {name}"
    assert refused() == f"{title} is missing ({file} does not exist); {command}"
    file.parent.mkdir()
    file.write_bytes(b"half a download")
    assert refused().startswith(f"{title} is damaged (the MD5 of {file} is not ") and refused().endswith(command)


def test_unknown_data_are_refused():
    with pytest.raises(ValueError, match=r"^dataset='mnist' must be one of 'digits', 'cifar10', 'cifar100'"):
        load_images("mnist")


def test_the_checksum_depends_on_images_and_labels_alone(monkeypatch):
    stored = checksums("digits")
    images, labels = load_images("digits")

    def checksum_of(some_images, some_labels):
        monkeypatch.setattr(arrays, "load_images", lambda name, train: (some_images, some_labels))
        return checksums.__wrapped__("digits")

    assert checksum_of(images.copy(), labels.astype(np.int32)) == stored and len(stored["digits"]) == 64
    changed = images.copy()
    changed[5, 3, 3] += 1
    assert checksum_of(changed, labels) != stored
    assert checksum_of(images, np.roll(labels, 1)) != stored
    assert checksums(None) == {}
