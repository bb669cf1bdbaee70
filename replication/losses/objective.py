"""The contract that every training objective keeps, and the similarities of two views that most of them share."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from replication.directions import directions
from replication.torch_settings import full_precision
from replication.validation import HALF_PRECISION, check_positive


class Objective(nn.Module):
    """A loss of the two views of a batch: `objective(u, v, index) -> 0-d tensor`.

    Arguments of the call:
        u, v: [B, d] head outputs of the two views, B >= 2, of any norm: the rows are normalised here, inside the graph.
        index: [B] int64, distinct positions of the samples in the data set. Objectives without a state of their own for each
            sample ignore it.

    The result is a 0-d tensor, computed in float32 for half-precision inputs and under autocast too. (Call `backward` outside
    the autocast region, as PyTorch asks: inside, its products would be in half precision.) Only shapes and types are checked:
    looking at values would wait for the device at every step, and NaN shows in the loss.

    Raises:
        TypeError, ValueError: the temperature is no finite number > 0; in the call, tensors of the wrong kind or shape.
    """

    def __init__(self, temperature: float):
        super().__init__()
        self.temperature = float(check_positive("temperature", temperature))

    @full_precision()
    def forward(self, u: Tensor, v: Tensor, index: Tensor | None = None) -> Tensor:
        """Return the loss of a batch; see the class."""
        check_views(u, v)
        u, v = (directions(x.float() if x.dtype in HALF_PRECISION else x, dim=1) for x in (u, v))
        return self._loss(u, v, index)

    @abstractmethod
    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        """Return the loss of unit rows [B, d] that have been checked."""

    def extra_repr(self) -> str:
        """Show the temperature where the module is printed."""
        return f"temperature={self.temperature:g}"


def check_views(u: Tensor, v: Tensor) -> None:
    """Raise TypeError or ValueError unless `u` and `v` are floating-point tensors of one type and shape [B, d], B >= 2."""
    for name, x in (("u", u), ("v", v)):
        if not isinstance(x, Tensor) or not x.is_floating_point():
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"{name} is {kind}; it must be a floating-point tensor of shape [B, d]")
        if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 1:
            raise ValueError(f"{name} has shape {list(x.shape)}; it must be [B, d] with B >= 2 samples and d >= 1")
    if u.dtype != v.dtype:
        raise TypeError(f"v is {v.dtype}; it must have the type of u, {u.dtype}")
    if u.shape != v.shape:
        raise ValueError(f"v has shape {list(v.shape)}; it must equal the shape of u, {list(u.shape)}")


def check_index(index: Tensor | None, batch_size: int, num_samples: int) -> None:
    """Raise TypeError or ValueError unless `index` is int64 [B], positions in a data set of `num_samples`."""
    if not isinstance(index, Tensor) or index.dtype != torch.int64:
        kind = index.dtype if isinstance(index, Tensor) else type(index).__name__
        raise TypeError(f"index is {kind}; this loss needs the positions of the samples in the data set, torch.int64 [B]")
    if index.shape != (batch_size,):
        raise ValueError(f"index has shape {list(index.shape)}; it must be [{batch_size}], one position for each sample")
    # On other devices the look would wait for them, and an index outside asserts there by itself; a compiler cannot look.
    if index.device.type == "cpu" and not torch.compiler.is_compiling():
        low, high = int(index.min()), int(index.max())
        if low < 0 or high >= num_samples:
            wrong = low if low < 0 else high
            raise ValueError(f"index holds {wrong}; positions must lie in 0..{num_samples - 1} (num_samples - 1)")


def similarities(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cosines of all 2B views of a batch, ordered u_1..u_B, v_1..v_B.

    Args:
        u, v: unit rows [B, d].

    Returns:
        (all, positive): the cosines [2B, 2B], and those of each view with the other view of its sample, [B]: the same for
        both.
    """
    views = torch.cat([u, v])
    cosines = views @ views.T
    return cosines, cosines.diagonal(len(u))


def same_sample(batch_size: int, device: torch.device) -> Tensor:
    """Return the mask [2B, 2B] of views of one sample, ordered as in `similarities`: all else are negatives."""
    return torch.eye(batch_size, dtype=torch.bool, device=device).repeat(2, 2)
