"""Embeddings of any number of pairs that are crowded as those of CIFAR-100 are: superclasses, classes, and groups in them."""

from pathlib import Path

import numpy as np

from replication.seeding import derived_seed

SUPERCLASSES, CLASSES, GROUPS = 20, 5, 25  # classes in a superclass, and groups in a class
# How far each lies from what holds it, in units of random vectors of length about 1; and the two views from their pair.
SPREAD = {"class": 0.8, "group": 0.6, "sample": 0.7, "view": 0.3}
PART = 2**17  # rows


def write_mixture(folder: Path, samples: int, dimensions: int, seed: int) -> tuple[Path, Path]:
    """Write two views of pairs as float16 .npy parts, and return the two folders.

    CIFAR-100 has 20 superclasses of 5 classes each, of equal size. In each class of this imitation are 25 groups, alike
    images, whose sizes differ: their shares are drawn from a flat Dirichlet distribution. How many groups there are does not
    depend on the number of samples, so a larger set is a denser one. Samples stand in random order.
    """
    generator = np.random.default_rng(derived_seed(seed, "centres"))

    def noise(rows, by=generator):
        """Return random vectors [rows, d] of length about 1."""
        return by.standard_normal((rows, dimensions), dtype=np.float32) / np.float32(dimensions**0.5)

    classes = np.repeat(noise(SUPERCLASSES), CLASSES, axis=0) + SPREAD["class"] * noise(SUPERCLASSES * CLASSES)
    groups = np.repeat(classes, GROUPS, axis=0) + SPREAD["group"] * noise(len(classes) * GROUPS)
    shares = np.concatenate([generator.dirichlet(np.ones(GROUPS)) for _ in classes]) / len(classes)
    folders = folder / "u", folder / "v"
    for each in folders:
        each.mkdir(parents=True)
    for part, start in enumerate(range(0, samples, PART)):
        own = np.random.default_rng(derived_seed(seed, "part", part))
        rows = min(PART, samples - start)
        points = groups[own.choice(len(groups), rows, p=shares)] + SPREAD["sample"] * noise(rows, own)
        for each in folders:
            np.save(each / f"part-{part:05d}.npy", (points + SPREAD["view"] * noise(rows, own)).astype(np.float16))
    return folders
