"""Image data sets: scikit-learn's digits, which need no download, and what `data/` holds.

Users download CIFAR-100 once, with its checksum verified, by

    python -c "import torchvision; torchvision.datasets.CIFAR100('data', download=True)"
"""

import hashlib
from functools import cache

import numpy as np
from sklearn.datasets import load_digits
from torchvision.datasets import CIFAR100

from replication.paths import data_dir
from replication.validation import check_choice

DATASETS = ("digits", "cifar100")


def load_images(name: str, train: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return the images [N, height, width, channels] (uint8) and labels [N] of a data set.

    "digits": 1,797 images of 8 x 8 pixels and one channel, without a split. "cifar100": 50,000 (train) or 10,000 images of
    32 x 32 pixels and three channels, 100 classes.

    Raises:
        ValueError: unknown data set.
        FileNotFoundError: it is missing or damaged; the message says how to get it.
    """
    check_choice("dataset", name, DATASETS)
    if name == "digits":
        digits = load_digits()
        return (digits.images[..., None] * (255 / 16)).astype(np.uint8), digits.target
    try:
        data = CIFAR100(data_dir(), train=train, download=False)
    except RuntimeError:
        command = "torchvision.datasets.CIFAR100('data', download=True)"
        raise FileNotFoundError(f"CIFAR-100 is missing or damaged in {data_dir()}; download it with {command}") from None
    return data.data, np.array(data.targets)


@cache
def checksums(name: str | None) -> dict[str, str]:
    """Return {data set: SHA-256 of its training images and labels}, as run.json records it; {} for None.

    Raises:
        ValueError, FileNotFoundError: as `load_images`.
    """
    if name is None:
        return {}
    images, labels = load_images(name)
    digest = hashlib.sha256(np.ascontiguousarray(images))
    digest.update(labels.astype(np.int64))
    return {name: digest.hexdigest()}
