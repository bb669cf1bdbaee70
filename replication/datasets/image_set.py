"""Image sets in the shape that training needs: three channels, channels first, a training and a test split."""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import LongTensor, Tensor
from torch.nn.functional import interpolate

from replication.datasets.arrays import DATASETS, load_images
from replication.validation import check_choice

IMAGE_SETS = DATASETS
SPLITS = ("train", "test")
DIGIT_SIZE = 32  # pixels: the digits take the place of CIFAR where nothing was downloaded

CLASSES = {"digits": 10, "cifar10": 10, "cifar100": 100, "tiny-imagenet": 200}
# Published means and standard deviations of the training pixels. For Tiny ImageNet they are ImageNet's, as in the
# specification of the paper's runs. Those of the digits are computed.
STATISTICS = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "tiny-imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


@dataclass(frozen=True)
class ImageSet:
    """Images uint8 [N, 3, H, W] with labels int64 [N] of `classes` classes.

    `mean` and `std` hold, per channel, the mean and standard deviation of the training pixels in [0, 1], in both splits.

    Raises:
        TypeError, ValueError: images or labels of another kind or shape.
    """

    name: str
    images: Tensor
    labels: LongTensor
    classes: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self):
        if self.images.dtype != torch.uint8:
            raise TypeError(f"images is {self.images.dtype}; it must be torch.uint8, with pixels from 0 to 255")
        if self.images.ndim != 4 or self.images.shape[1] != 3 or 0 in self.images.shape:
            raise ValueError(f"images has shape {list(self.images.shape)}; it must be [N, 3, height, width], none of them 0")
        if self.labels.dtype != torch.int64 or self.labels.shape != self.images.shape[:1]:
            found = f"{self.labels.dtype} {list(self.labels.shape)}"
            raise ValueError(f"labels is {found}; it must be torch.int64 [{len(self.images)}], one for each image")

    def __len__(self) -> int:
        return len(self.labels)

    def head(self, count: int) -> "ImageSet":
        """Return the first `count` samples, or all if there are no more."""
        return ImageSet(self.name, self.images[:count], self.labels[:count], self.classes, self.mean, self.std)


def load_image_set(name: str, split: str = "train") -> ImageSet:
    """Return a split of a data set.

    "digits": the 8 x 8 images enlarged to 32 x 32 (bilinear) with three equal channels; 1,437 to train on and 360 to test,
    every class with its share, always the same. "cifar10", "cifar100": 50,000 and 10,000 of 32 x 32. "tiny-imagenet":
    100,000 and 10,000 of 64 x 64; its test labels were never published, so the validation set stands in.

    In every split the order is always the same, and not one by class: the first n images are a fair sample.

    Raises:
        ValueError: unknown data set or split.
        FileNotFoundError: the data are missing or damaged; the message says how to get them.
    """
    check_choice("dataset", name, IMAGE_SETS)
    check_choice("split", split, SPLITS)
    if name == "digits":
        return _digits(split)
    arrays, labels = load_images(name, split == "train")
    images = torch.from_numpy(np.ascontiguousarray(arrays.transpose(0, 3, 1, 2)))
    return ImageSet(name, images, torch.from_numpy(labels).long(), CLASSES[name], *STATISTICS[name])


def _digits(split: str) -> ImageSet:
    arrays, labels = load_images("digits")
    small = torch.from_numpy(arrays).permute(0, 3, 1, 2).float()
    images = interpolate(small, size=(DIGIT_SIZE, DIGIT_SIZE), mode="bilinear").round().to(torch.uint8)
    train, test = train_test_split(np.arange(len(labels)), test_size=360, stratify=labels, random_state=0)
    pixels = images[train].double() / 255
    mean, std = (float(pixels.mean()),) * 3, (float(pixels.std(correction=0)),) * 3
    keep = train if split == "train" else test
    images = images[keep].expand(-1, 3, -1, -1).contiguous()
    return ImageSet("digits", images, torch.from_numpy(labels[keep]).long(), CLASSES["digits"], mean, std)
