"""The heads of several trainings, each weight of all of them stacked in one tensor."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import LongTensor, Tensor

from replication.heads.settings import HeadSettings
from replication.seeding import derived_seed

SIDES = ("left", "right")
BLOCK = 1024  # rows that are embedded at once
LARGEST_LOG_SCALE = math.log(100)  # as in CLIP: the temperature stays >= 0.01


class StackedHeads:
    """Two heads and a temperature for each of G trainings; row g of every tensor belongs to training g.

    Attributes:
        weights: by name, float32. "left.0", "right.0" [G, d, hidden] and "left.1", "right.1" [G, hidden, out] (of linear
            heads only the first, [G, d, out]) multiply rows of features from the right. Their biases, as "left.0 bias", are
            [G, 1, width]. "log scale" [G, 1, 1] is log(1 / temperature).
        layers: linear maps in a head: 1 or 2.
    """

    def __init__(self, weights: dict[str, Tensor]):
        self.weights = weights
        self.layers = 2 if "left.1" in weights else 1

    @classmethod
    def random(cls, settings: HeadSettings, left: int, right: int, seeds: list[int], device: str = "cpu") -> "StackedHeads":
        """Draw the initial heads of trainings with these seeds, as `torch.nn.Linear` does; a seed always draws the same.

        Args:
            settings: give kind and widths, and the temperature at the start.
            left, right: dimensions of the features, d1 and d2.
            seeds: one for each training.
            device: where they live.
        """
        drawn = [cls._draw(settings, left, right, seed) for seed in seeds]
        return cls({name: torch.stack([one[name] for one in drawn]).to(device) for name in drawn[0]})

    @staticmethod
    def _draw(settings: HeadSettings, left: int, right: int, seed: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(derived_seed(seed, "heads"))
        inner = [settings.hidden] if settings.kind == "mlp" else []
        weights = {}
        for side, dimensions in zip(SIDES, (left, right), strict=True):
            widths = [dimensions, *inner, settings.out]
            for layer, (inputs, outputs) in enumerate(pairwise(widths)):
                for name, rows in ((f"{side}.{layer}", inputs), (f"{side}.{layer} bias", 1)):
                    uniform = torch.rand(rows, outputs, generator=generator, dtype=torch.float32)
                    weights[name] = (2 * uniform - 1) / inputs**0.5
        return weights | {"log scale": torch.full((1, 1), -math.log(settings.start_temperature), dtype=torch.float32)}

    def __len__(self) -> int:
        return len(self.weights["log scale"])

    def __getitem__(self, place: int) -> "StackedHeads":
        """Return the heads of one training, G = 1; they share memory with these."""
        return StackedHeads({name: value[place : place + 1] for name, value in self.weights.items()})

    def clone(self) -> "StackedHeads":
        """Return an independent copy."""
        return StackedHeads({name: value.clone() for name, value in self.weights.items()})

    def empty_like(self) -> "StackedHeads":
        """Return tensors of the same shapes, for gradients."""
        return StackedHeads({name: torch.zeros_like(value) for name, value in self.weights.items()})

    def temperatures(self) -> Tensor:
        """Return the learned temperatures [G], float64."""
        return (-self.weights["log scale"].double()).exp().flatten()

    @torch.no_grad()
    def embed(self, side: str, features: Tensor, rows: LongTensor | None = None) -> Tensor:
        """Return the unit outputs [N, out] of one side, by the heads of a single training (G = 1).

        Args:
            side: "left" or "right".
            features: [M, d].
            rows: which of them, [N]; None: all, N = M.
        """
        parts = []
        for block in (torch.arange(len(features), device=features.device) if rows is None else rows).split(BLOCK):
            x = features[block]
            for layer in range(self.layers):
                x = torch.addmm(self.weights[f"{side}.{layer} bias"][0], x, self.weights[f"{side}.{layer}"][0])
                x = F.gelu(x) if layer + 1 < self.layers else x
            parts.append(F.normalize(x, dim=1))
        return torch.cat(parts)
