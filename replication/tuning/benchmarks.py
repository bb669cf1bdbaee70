"""Functions on which optimisers are compared, with their boxes and what is known of their least values."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from replication.torch_settings import plain_tensors
from replication.tuning.ranges import Range
from replication.tuning.space import Space


@dataclass(frozen=True)
class Benchmark:
    """A function that is to be small.

    Attributes:
        box: for each coordinate its two ends.
        function: points [n, d] -> values [n].
        least: the least value.
        best: a point [d] that has it.
    """

    box: tuple[tuple[float, float], ...]
    function: Callable[[Tensor], Tensor]
    least: float
    best: tuple[float, ...]

    def space(self) -> Space:
        """Return the box, its coordinates named x1, x2, ..., not rounded."""
        return Space({f"x{place + 1}": Range(low, high, digits=None) for place, (low, high) in enumerate(self.box)})

    @plain_tensors()
    def values(self, settings: list[dict]) -> Tensor:
        """Return the values [n] at settings of `space`, float64."""
        names = [f"x{place + 1}" for place in range(len(self.box))]
        rows = [[setting[name] for name in names] for setting in settings]
        return self.function(torch.tensor(rows, dtype=torch.float64, device="cpu"))


def ackley(x: Tensor) -> Tensor:
    """Return Ackley's function: a deep hole at 0 in a plain of ripples."""
    ripples = (2 * math.pi * x).cos().mean(dim=1)
    return -20 * (-0.2 * x.square().mean(dim=1).sqrt()).exp() - ripples.exp() + 20 + math.e


def bird(x: Tensor) -> Tensor:
    """Return the bird function of Mishra, with two equal minima."""
    a, b = x.T
    return a.sin() * ((1 - b.cos()) ** 2).exp() + b.cos() * ((1 - a.sin()) ** 2).exp() + (a - b) ** 2


def rosenbrock(x: Tensor) -> Tensor:
    """Return Rosenbrock's function: a bent valley."""
    return (100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1 - x[:, :-1]) ** 2).sum(dim=1)


HARTMANN_SCALES = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
HARTMANN_CENTRES = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def hartmann6(x: Tensor) -> Tensor:
    """Return Hartmann's function of six coordinates: four pits."""
    scales, centres = x.new_tensor(HARTMANN_SCALES), x.new_tensor(HARTMANN_CENTRES)
    depths = x.new_tensor((1.0, 1.2, 3.0, 3.2))
    return -((-(scales * (x.unsqueeze(1) - centres) ** 2).sum(dim=2)).exp() * depths).sum(dim=1)


BENCHMARKS = {
    "Ackley": Benchmark(((-5.0, 5.0),) * 2, ackley, 0.0, (0.0, 0.0)),
    "Bird": Benchmark(((-2 * math.pi, 2 * math.pi),) * 2, bird, -106.76453674926468, (4.701043130195973, 3.1529460195394655)),
    "Rosenbrock": Benchmark(((-2.0, 2.0), (-1.0, 3.0)), rosenbrock, 0.0, (1.0, 1.0)),
    "Hartmann6": Benchmark(
        ((0.0, 1.0),) * 6,
        hartmann6,
        -3.322368011415514,
        (0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054),
    ),
}
