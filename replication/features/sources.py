"""Features of the pairs of a source: computed by its towers, cached, and divided into train, val and test.

| source | left | right |
|---|---|---|
| "digits" | components of pixels | components of made-up captions' words; offline, no tower |
| "flickr8k", "coco", a CSV file | photographs through an image tower | their captions through a text tower |
| "flickr8k text", "coco text", "<file>.csv text" | the first two captions of each photograph | its other captions |
| "cifar100 views", "cifar10 views" | random views of an image through an image tower | other random views of it |
| a .npz file | `u` | `v`; see `replication.features.npz` |
"""

from dataclasses import dataclass, replace

import torch
from torch import LongTensor, Tensor

from replication.datasets import checksums, load_image_set
from replication.datasets.pairs import SPLITS, PairSet, load_pairs, pair_checksums
from replication.features.images import MOBILENETV2, image_features
from replication.features.npz import read_npz
from replication.features.pair_features import PairFeatures
from replication.features.reduction import reduce_dimensions
from replication.features.scaling import centre_and_scale
from replication.features.simple import pixel_features, word_features
from replication.features.texts import MINILM, text_features
from replication.features.views import Views
from replication.files import sha256, within_project
from replication.validation import check_choice, check_count, check_text

TEXT, VIEWS = " text", " views"
# Sources without a validation split of their own give the end of their training split for it.
HELD_OUT = {"digits": 237, "coco": 5000, "cifar10": 5000, "cifar100": 5000}
DIGIT_SIZE = 16  # pixels: what components of pixels need
LEFT_TEXTS = 2  # captions of a photograph that stand on the left where both sides are texts


@dataclass(frozen=True, kw_only=True)
class Towers:
    """The frozen towers and views that decide the features of photographs, texts and CIFAR's images.

    Attributes:
        size: pixels of a side that the image tower sees.
        image_tower, image_weights: as `image_features` takes them.
        text_tower: as `text_features` takes it.
        views: of each training photograph, the whole one first; of CIFAR's images on either side. Validation and test have one.
        crop_min: least share of the image's area in a random view.

    Raises:
        TypeError, ValueError: a value out of range.
    """

    size: int = 112
    image_tower: str = "mobilenetv2_100"
    image_weights: str = MOBILENETV2
    text_tower: str = MINILM
    views: int = 1
    crop_min: float = 0.5

    def __post_init__(self):
        check_count("size", self.size, 8)
        for name in ("image_tower", "image_weights", "text_tower"):
            check_text(name, getattr(self, name))
        self.photograph_views("train")

    def photograph_views(self, split: str) -> Views:
        """Return the views of a photograph: the whole one, and for training random crops besides."""
        return Views(self.views if split == "train" else 1, crop_min=self.crop_min)

    def of_images(self, images: Tensor, views: Views) -> Tensor:
        """Return the features [V, N, d] of images uint8 [N, 3, H, W]."""
        return image_features(images, self.size, self.image_tower, self.image_weights, views)


def load_splits(
    source: str, towers: Towers | None = None, items: int = 0, left: int = 0, right: int = 0, **options: str
) -> tuple[PairFeatures, PairFeatures, PairFeatures]:
    """Return train, val and test of a source as heads are trained on them: centred and scaled, see `centre_and_scale`.

    Args:
        source, towers, options: as of `load_features`.
        items: the first so many training items; 0: all.
        left, right: principal components that each side keeps; 0: all its dimensions. See `reduce_dimensions`.

    Raises:
        As `load_features` and `reduce_dimensions`.
    """
    parts = [load_features(source, split, towers, items if split == "train" else 0, **options) for split in SPLITS]
    train, val, test = centre_and_scale(*reduce_dimensions(*parts, left=left, right=right))
    return train, val, test


def load_features(source: str, split: str, towers: Towers | None = None, items: int = 0, **options: str) -> PairFeatures:
    """Return the features of a split of a source; see the module's table.

    Args:
        source: its name, or the path of a .csv, .tsv or .npz file, relative to the project folder.
        split: "train", "val" or "test".
        towers: what computes the features; digits and .npz files have theirs.
        items: the first so many; 0: all.
        options: of a CSV, as `load_pairs` takes them.

    Raises:
        ValueError, FileNotFoundError, ModelError, TextTowerError, MissingExtra: as `load_pairs`, `load_image_set`, `read_npz`,
            `image_features` and `text_features`.
    """
    check_text("source", source)
    check_choice("split", split, SPLITS)
    check_count("items", items, 0)
    towers = towers or Towers()
    if source == "digits":
        return _digits(split).head(items)
    if source.endswith(".npz"):
        return read_npz(within_project(source))[split].head(items)
    if source.endswith(VIEWS):
        return _two_views(source.removesuffix(VIEWS), split, towers, items)
    if source.endswith(TEXT):
        return _texts(source.removesuffix(TEXT), split, towers, items, options)
    pairs = _pairs(source, split, towers.size, options).head(items)
    left = towers.of_images(pairs.images, towers.photograph_views(split))
    texts, counts = _captions(pairs)
    return PairFeatures(pairs.name, split, left, text_features(texts, towers.text_tower), counts, pairs.labels, texts)


def source_checksums(source: str, size: int = 112, **options: str) -> dict[str, str]:
    """Return the SHA-256 of what a source is made from, as run.json records it: photographs and captions, images, or a file.

    Args:
        source, options: as of `load_features`.
        size: pixels of photographs.
    """
    if source.endswith(".npz"):
        return {source: sha256(within_project(source))}
    if source.endswith(VIEWS):
        return checksums(source.removesuffix(VIEWS))
    return pair_checksums(source.removesuffix(TEXT), size, **options)


def _digits(split: str) -> PairFeatures:
    train, pairs = _pairs("digits", "train", DIGIT_SIZE, {}), _pairs("digits", split, DIGIT_SIZE, {})
    texts, counts = _captions(pairs)
    left = pixel_features(train.images, pairs.images)[None]
    return PairFeatures("digits", split, left, word_features(_captions(train)[0], texts), counts, pairs.labels, texts)


def _texts(source: str, split: str, towers: Towers, items: int, options: dict) -> PairFeatures:
    """Return text to text pairs: two captions of each photograph on the left, its others on the right."""
    pairs = _pairs(source, split, towers.size, options).head(items)
    short = [texts for texts in pairs.captions if len(texts) <= LEFT_TEXTS]
    if short:
        raise ValueError(
            f"source={source + TEXT!r} needs more than {LEFT_TEXTS} captions of each image; {len(short)} have no more"
        )
    texts, counts = _captions(pairs)
    features = text_features(texts, towers.text_tower)  # of all together, as photographs with captions have them cached
    first = counts.cumsum(0) - counts
    left = torch.stack([features[first + place] for place in range(LEFT_TEXTS)])
    others = torch.arange(len(texts)) - first.repeat_interleave(counts) >= LEFT_TEXTS
    others = others.nonzero().flatten()
    named = [texts[row] for row in others.tolist()]
    return PairFeatures(pairs.name + TEXT, split, left, features[others], counts - LEFT_TEXTS, pairs.labels, named)


def _two_views(dataset: str, split: str, towers: Towers, items: int) -> PairFeatures:
    """Return image to image pairs: V augmented views on the left, V others on the right, drawn once."""
    check_choice("source", dataset + VIEWS, ("cifar10" + VIEWS, "cifar100" + VIEWS))
    data = load_image_set(dataset, "test" if split == "test" else "train")
    kept = _kept(len(data), dataset, split)[: items or None]
    images, labels = data.images[kept], data.labels[kept]
    count = towers.views if split == "train" else 1
    views = Views(2 * count, whole_first=False, kind="simclr", crop_min=towers.crop_min, seed=SPLITS.index(split))
    features = towers.of_images(images, views)  # [2V, N, d]
    right = features[count:].transpose(0, 1).flatten(0, 1).contiguous()
    counts = torch.full((len(images),), count)
    return PairFeatures(dataset + VIEWS, split, features[:count].contiguous(), right, counts, labels)


def _pairs(source: str, split: str, size: int, options: dict) -> PairSet:
    if split == "test" or source not in HELD_OUT:
        return load_pairs(source, split, size, **options)
    pairs = load_pairs(source, "train", size, **options)
    kept = _kept(len(pairs), source, split)
    labels = None if pairs.labels is None else pairs.labels[kept]
    return replace(pairs, images=pairs.images[kept], captions=[pairs.captions[row] for row in kept.tolist()], labels=labels)


def _kept(count: int, source: str, split: str) -> LongTensor:
    """Return the rows of a source's training images that are for "train" and "val"; for "test", those of its test images."""
    border = count - HELD_OUT[source]
    return {"train": torch.arange(border), "val": torch.arange(border, count), "test": torch.arange(count)}[split]


def _captions(pairs: PairSet) -> tuple[list[str], LongTensor]:
    """Return all captions one after the other, and how many each image has."""
    return [text for texts in pairs.captions for text in texts], torch.tensor([len(texts) for texts in pairs.captions])
