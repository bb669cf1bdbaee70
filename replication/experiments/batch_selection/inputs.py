"""The named inputs of the benchmark: seeded synthetic embeddings like those of three phases of training, and real ones."""

from dataclasses import dataclass

import torch
from torch import LongTensor, Tensor
from torch.nn.functional import normalize

from replication.datasets import load_images
from replication.features.pixel_components import pixel_components
from replication.validation import check_choice

CLASSES = 100
# How far the classes, the samples of a class and the two views of a sample lie apart, in units of random unit vectors.
PHASES = {"early": (0.5, 1.0, 1.5), "middle": (1.0, 1.0, 0.8), "late": (1.5, 1.0, 0.35)}


@dataclass(frozen=True)
class Embedded:
    """Embeddings of N samples: unit rows u, v [N, d] (float32), classes [N], and a name."""

    name: str
    u: Tensor
    v: Tensor
    labels: LongTensor

    def head(self, count: int) -> "Embedded":
        """Return the first `count` samples; both kinds of input have them in random or class-free order."""
        return Embedded(self.name, self.u[:count], self.v[:count], self.labels[:count])


def synthetic_phase(phase: str, samples: int, dimensions: int = 128, seed: int = 0) -> Embedded:
    """Return embeddings drawn from 100 Gaussian classes on the sphere, as a network might give them in a training phase.

    Early, the two views of a sample hardly know each other; late, they almost coincide and classes are tight: the mean loss
    of shuffled batches (B = 32, temperature 0.1) falls from the order of chance to nearly zero.

    Raises:
        ValueError: unknown phase.
    """
    check_choice("phase", phase, PHASES)
    generator = torch.Generator().manual_seed(seed)

    def noise(rows):
        """Return random unit vectors [rows, dimensions]."""
        return normalize(torch.randn(rows, dimensions, generator=generator), dim=1)

    between, within, views = PHASES[phase]
    labels = torch.randint(CLASSES, (samples,), generator=generator)
    points = normalize(between * noise(CLASSES)[labels] + within * noise(samples), dim=1)
    u, v = (normalize(points + views * noise(samples), dim=1) for _ in range(2))
    return Embedded(phase, u, v, labels)


def real_images(dataset: str, dimensions: int, samples: int = 0) -> Embedded:
    """Return the pixel components of the first `samples` images (0: all) of a data set; see `pixel_components`."""
    images, labels = load_images(dataset)
    keep = slice(samples or None)
    u, v = pixel_components(images[keep], dimensions)
    return Embedded(dataset, u, v, torch.from_numpy(labels[keep]).long())
