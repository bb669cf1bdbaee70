"""A linear encoder with unit outputs, z = W x / |W x|, and the gradient of anything that is a function of its outputs."""

from torch import Tensor


def encode(weights: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the unit rows z [..., n, d] of samples x [..., n, D] under W [..., d, D], and x / |W x| for `pullback`."""
    raw = x @ weights.mT
    length = raw.norm(dim=-1, keepdim=True)
    return raw / length, x / length


def pullback(rows: Tensor, scaled: Tensor, slopes: Tensor) -> Tensor:
    """Return the gradient by W [..., d, D] of a function whose gradient by the unit rows z is `slopes` [..., n, d].

    `rows` and `scaled` are what `encode` returned. Only the part of a slope along the sphere counts.
    """
    along = slopes - (slopes * rows).sum(dim=-1, keepdim=True) * rows
    return along.mT @ scaled
