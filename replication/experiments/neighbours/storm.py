"""One recursion for running estimates from small samples, and what goes with it: STORM, moving averages, adaptive steps.

    estimate <- new + (1 - beta) (estimate - old)

`new` and `old` are measured with the same fresh sample, at the present point and at the one before. That is STORM (Cutkosky &
Orabona 2019), the estimator of all three neighbours here: of the inner values and gradients in NSTORM (Liu et al. 2024), of
the gradients by client in FGDA (Huang et al. 2024), and of the gradients by the duals of the partial AUC in the optimiser of
Shao et al. (2022). Two cases are older: with beta = 1 the estimate is the plain measurement, and with `old` = `new`, no
correction for the move, it is a moving average, as in SogCLR. The papers of the three could not be read; their rules are
recalled, not checked.
"""

import torch
from torch import Tensor

from replication.validation import check_positive


def recursive(estimate: Tensor | None, new: Tensor, old: Tensor, beta: float) -> Tensor:
    """Return the next estimate; without an estimate yet (None) that is `new`.

    Args:
        estimate: the present one, of any shape.
        new, old: measurements with one fresh sample, at the new point and at the point before it.
        beta: weight of the new measurement, 0 < beta <= 1.

    Raises:
        ValueError: beta out of range.
    """
    if not 0 < beta <= 1:
        raise ValueError(f"beta={beta} must be > 0 and <= 1")
    return new if estimate is None or beta == 1 else new + (1 - beta) * (estimate - old)


def decay(step: int, warm: float, power: float) -> float:
    """Return (warm / (warm + step)) ** power, the share of the first step size that is left at `step` = 0, 1, ..."""
    return (check_positive("warm", warm) / (warm + step)) ** power


class AdaptiveScale:
    """What a step is divided by, from the estimates seen so far: the "unified adaptive matrices" in two shapes.

    - "entries": sqrt(a) + floor for each entry, a <- keep a + (1 - keep) estimate^2, as Adam has it.
    - "whole": b + floor for the whole vector, b <- keep b + (1 - keep) |estimate|. A projection in the Euclidean norm, as
      that on the simplex, needs this shape: another scale for each entry would move the point at which the steps stop.

    The first estimate starts the average. `dims` are the dimensions of one vector; the others are runs side by side.

    Args:
        shape: "entries" or "whole".
        dims: dimensions of one vector.
        keep: weight of the past.
        floor: added, > 0.
    """

    def __init__(self, shape: str, dims: tuple[int, ...], keep: float = 0.9, floor: float = 0.01):
        self.shape, self.dims, self.keep, self.floor = shape, dims, keep, floor
        self._average: Tensor | None = None

    def __call__(self, estimate: Tensor) -> Tensor:
        """Take in an estimate and return the divisor for it."""
        size = estimate.square() if self.shape == "entries" else estimate.square().sum(dim=self.dims, keepdim=True).sqrt()
        self._average = size if self._average is None else self.keep * self._average + (1 - self.keep) * size
        return (self._average.sqrt() if self.shape == "entries" else self._average) + self.floor


def project_on_simplex(points: Tensor) -> Tensor:
    """Return the nearest points of the simplex to `points` [..., n]: entries >= 0 with sum 1."""
    ordered = points.sort(dim=-1, descending=True).values
    excess = ordered.cumsum(dim=-1) - 1
    ranks = torch.arange(1, points.shape[-1] + 1, dtype=points.dtype)
    used = (ordered * ranks > excess).sum(dim=-1, keepdim=True)
    return (points - excess.gather(-1, used - 1) / used).clamp(min=0)
