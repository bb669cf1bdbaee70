"""The data sets as they are stored: NumPy arrays of images and labels, and their checksums."""

import hashlib
from functools import cache

import numpy as np
from sklearn.datasets import load_digits

from replication import files
from replication.datasets.archives import folder_of, unavailable
from replication.datasets.tiny_imagenet import load_tiny_imagenet
from replication.validation import check_choice

DATASETS = ("digits", "cifar10", "cifar100", "tiny-imagenet")


def load_images(name: str, train: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the images [N, height, width, channels] (uint8) and labels [N] of a data set.

    "digits": 1,797 images of 8 x 8 pixels and one channel, without a split. "cifar10", "cifar100": 50,000 (train) or 10,000
    images of 32 x 32 pixels and three channels. "tiny-imagenet": 100,000 or 10,000 (its validation set) of 64 x 64.

    Raises:
        ValueError: unknown data set.
        FileNotFoundError: it is missing or damaged; the message says how to get it.
    """
    check_choice("dataset", name, DATASETS)
    if name == "digits":
        digits = load_digits()
        return (digits.images[..., None] * (255 / 16)).astype(np.uint8), digits.target
    if name == "tiny-imagenet":
        return load_tiny_imagenet("train" if train else "val")
    from torchvision.datasets import CIFAR10, CIFAR100  # loads torch._dynamo, which digits and --help need not wait for

    source = CIFAR10 if name == "cifar10" else CIFAR100
    try:
        data = source(files.data_dir(), train=train, download=False)
    except RuntimeError:
        raise unavailable(name, _whats_wrong(name, source)) from None
    return data.data, np.array(data.targets)


def _whats_wrong(name: str, source) -> str:
    from torchvision.datasets.utils import check_integrity

    meta = (source.meta["filename"], source.meta["md5"])
    for filename, md5 in (*source.train_list, *source.test_list, meta):
        file = folder_of(name) / filename
        if not file.is_file():
            return f"missing ({file} does not exist)"
        if not check_integrity(str(file), md5):
            return f"damaged (the MD5 of {file} is not {md5})"
    return "damaged"


@cache
def checksums(name: str | None) -> dict[str, str]:
    """Return the SHA-256 of images and labels, as run.json records it; {} for None.

    Under the data set's name stands its training set, under "<name> test" its test set; "digits" are one whole.

    Raises:
        ValueError, FileNotFoundError: as `load_images`.
    """
    if name is None:
        return {}
    if name == "digits":
        return {name: _sha256(name, True)}
    return {name: _sha256(name, True), f"{name} test": _sha256(name, False)}


def _sha256(name: str, train: bool) -> str:
    images, labels = load_images(name, train)
    digest = hashlib.sha256(np.ascontiguousarray(images))
    digest.update(labels.astype(np.int64))
    return digest.hexdigest()
