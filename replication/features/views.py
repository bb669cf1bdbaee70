"""Which views of an image have features: the whole image, random crops, or SimCLR's augmentations."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from replication.augmentation import Augmentation, as_input
from replication.augmentation.normalise import Triple
from replication.seeding import derived_seed
from replication.validation import check_choice, check_count, check_positive

KINDS = ("crops", "simclr")
BLOCK = 64  # images that a tower sees at once; random views are drawn for each block on its own


@dataclass(frozen=True)
class Views:
    """V views of each image, drawn once: a frozen tower sees no others.

    Attributes:
        count: V.
        whole_first: the first view is the whole image; the others are random.
        kind: "crops": random crops alone, the augmentation of open_clip. "simclr": crops, mirroring, colour jitter and grey,
            as `Augmentation` has them; drawn at the size of the images where the tower's is larger, and then enlarged.
        crop_min: least share of the image's area in a crop.
        seed: of all that is random.

    Raises:
        TypeError, ValueError: a value out of range.
    """

    count: int = 1
    whole_first: bool = True
    kind: str = "crops"
    crop_min: float = 0.5
    seed: int = 0

    def __post_init__(self):
        check_count("views", self.count, 1)
        check_choice("kind", self.kind, KINDS)
        if check_positive("crop_min", self.crop_min) > 1:
            raise ValueError(f"crop_min={self.crop_min} must be <= 1, the whole image")

    def plain(self) -> dict:
        """Return all that decides the views, as plain values."""
        return asdict(self) | ({"drawn_at": "own size"} if self.kind == "simclr" else {})

    def inputs(self, images: Tensor, size: int, mean: Triple, std: Triple) -> Iterator[tuple[int, int, Tensor]]:
        """Yield for each view and block of images: its number, its first image, and the input float32 [b, 3, size, size]."""
        plain = {} if self.kind == "simclr" else {"flip_p": 0.0, "jitter_p": 0.0, "gray_p": 0.0, "blur_p": 0.0}
        drawn = min(size, *images.shape[2:]) if self.kind == "simclr" else size  # colours cost by the pixel
        augment = Augmentation(drawn, crop_scale=(self.crop_min, 1.0), mean=mean, std=std, **plain)
        for view in range(self.count):
            for begin in range(0, len(images), BLOCK):
                block = images[begin : begin + BLOCK]
                if view == 0 and self.whole_first:
                    yield view, begin, as_input(block, mean, std, size)
                else:
                    generator = torch.Generator().manual_seed(derived_seed(self.seed, "feature views", view, begin))
                    views = augment(block, generator)
                    if drawn != size:
                        views = interpolate(views, size=(size, size), mode="bilinear")
                    yield view, begin, views
