"""Embeddings of any number of pairs from the images of a data set: each image again and again, moved a little each time."""

from pathlib import Path

import numpy as np

from replication.datasets import load_images
from replication.experiments.scale.mixture import PART
from replication.features.pixel_components import pixel_components
from replication.seeding import derived_seed

COPY = 0.5  # how far a copy lies from its image, in units of random vectors of length about 1; the embeddings have length 1


def write_tiled(folder: Path, dataset: str, samples: int, dimensions: int, seed: int) -> tuple[Path, Path]:
    """Write two views of pairs as float16 .npy parts, and return the two folders.

    The first pairs are the images of the data set themselves, as `pixel_components` embeds two augmented views of them. Pair
    N + i, 2 N + i and so on are image i again, both of its views moved by the same random vector. So the classes and the
    crowding are those of real images, and the copies of an image are near each other, but not the same.
    """
    views = [view.numpy() for view in pixel_components(load_images(dataset)[0], dimensions)]
    folders = folder / "u", folder / "v"
    for each in folders:
        each.mkdir(parents=True)
    for part, start in enumerate(range(0, samples, PART)):
        own = np.random.default_rng(derived_seed(seed, "part", part))
        pair = np.arange(start, min(start + PART, samples))
        copy, image = np.divmod(pair, len(views[0]))
        move = own.standard_normal((len(pair), dimensions), dtype=np.float32) * np.float32(COPY / dimensions**0.5)
        move[copy == 0] = 0
        for each, view in zip(folders, views, strict=True):
            np.save(each / f"part-{part:05d}.npy", (view[image] + move).astype(np.float16))
    return folders
