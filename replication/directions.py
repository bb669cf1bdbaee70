"""Rows scaled to norm 1, of any norm: squares of very large or very small numbers over- or underflow otherwise."""

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST, LARGEST = 1e-12, 1e12  # of an entry; in between, sums of squares of single precision are safe. F.normalize's own bound


def directions(x: Tensor, dim: int) -> Tensor:
    """Return `x` with its vectors along `dim` scaled to norm 1, inside the graph; zero vectors stay zero.

    `F.normalize`, bit for bit, where the largest absolute value of a vector lies between 1e-12 and 1e12.
    """
    return F.normalize(moderate(x, dim), dim=dim)


def moderate(x: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    """Return `x` with its slices over `dim` divided by their largest absolute value where that is below 1e-12 or above 1e12.

    The divisor counts as a constant in the graph. Nothing waits for the device.
    """
    peak = x.detach().abs().amax(dim=dim, keepdim=True)
    extreme = ((peak < LEAST) & (peak > 0)) | (peak > LARGEST)
    return x / torch.where(extreme, peak, torch.ones_like(peak))
