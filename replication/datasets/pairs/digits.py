"""Digits with captions made up from what can be seen: the offline stand-in for photographs with captions."""

import torch
import torch.nn.functional as F
from torch import Tensor

from replication.datasets import load_image_set
from replication.validation import check_choice

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEMPLATES = (
    "a {weight} {name}",
    "the digit {name}, {weight} and leaning {slant}",
    "a handwritten {name} that leans {slant}, {place} in the picture",
    "{name}: {weight} strokes, {place}",
    "someone wrote a {name} with {weight} strokes, leaning {slant}",
)


def digit_pairs(split: str, size: int) -> tuple[Tensor, list[list[str]], Tensor]:
    """Return images uint8 [N, 3, size, size], five captions for each, and classes [N].

    The splits "train" and "test" are those of `load_image_set`; there is no other.
    """
    check_choice("the split of digits", split, ("train", "test"))
    data = load_image_set("digits", split)
    images, labels = data.images, data.labels
    captions = [
        [template.format(name=NAMES[label], weight=weight, slant=slant, place=place) for template in TEMPLATES]
        for label, weight, slant, place in zip(labels.tolist(), *_looks(images), strict=True)
    ]
    if size != images.shape[-1]:
        smooth = F.interpolate(images.float(), (size, size), mode="bilinear", antialias=True)
        images = smooth.round().clamp(0, 255).to(torch.uint8)
    return images, captions, labels


def _looks(images: Tensor) -> tuple[list[str], list[str], list[str]]:
    """Return, for each image, its weight, slant and place in words, each word for about a third of the digits."""
    ink = images[:, 0].float() / 255  # [N, height, width]
    side = ink.shape[-1]
    total = ink.sum(dim=(1, 2))
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    y, x = ((ink * axis).sum(dim=(1, 2)) / total for axis in (rows, columns))
    dy, dx = rows - y[:, None, None], columns - x[:, None, None]
    slant = -(ink * dx * dy).sum(dim=(1, 2)) / (ink * dy * dy).sum(dim=(1, 2))
    return (
        _in_words(total / side**2, ("thin", "medium", "bold")),
        _in_words(slant, ("left", "nowhere", "right")),
        _in_words(x, ("to the left", "in the middle", "to the right")),
    )


# Fixed limits would depend on the pixels' scale, and quantiles on the split: these are thirds of all 1,797 digits.
_LIMITS = {"thin": (0.287, 0.320), "left": (-0.09, 0.01), "to the left": (15.25, 16.21)}


def _in_words(values: Tensor, words: tuple[str, str, str]) -> list[str]:
    return [words[place] for place in torch.bucketize(values, torch.tensor(_LIMITS[words[0]])).tolist()]
