"""The contrastive loss of the paper, eq. (1), on all pairs and on families of mini-batches.

With unit vectors u_i, v_i in R^d and temperature t, the loss of N pairs is the *sum* of the two directions, each averaged
over the pairs:

    L(U, V) = - 1/N sum_i log( exp(u_i.v_i/t) / sum_j exp(u_i.v_j/t) ) - 1/N sum_i log( exp(v_i.u_i/t) / sum_j exp(v_i.u_j/t) )

The theory and the synthetic experiments use t = 1. CLIP's loss (`open_clip.ClipLoss`) is the *mean* of the directions: half
of this one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from replication.directions import directions
from replication.losses.objective import Objective
from replication.torch_settings import full_precision
from replication.validation import (
    HALF_PRECISION,
    check_has_values,
    check_pairs,
    check_positive,
    check_unit_rows,
    has_values,
    unit_rows,
)


@full_precision()
def contrastive_loss(
    u: Tensor, v: Tensor, temperature: float | Tensor = 1.0, *, normalize: bool = False, validate: bool = True
) -> Tensor:
    """Return the full-batch contrastive loss L(U, V) of eq. (1), in nats.

    Args:
        u, v: the two views of N pairs, each [N, d], rows of norm 1; row i of `u` belongs to row i of `v`.
        temperature: > 0; a number, or a 0-d tensor, through which the gradient flows. Stable down to 0.01.
        normalize: scale the rows to norm 1 first, inside the graph.
        validate: check shapes, finiteness and norms (1e-3, in half precision 2e-2). Training loops pass False: the checks
            wait for the device.

    Returns:
        A 0-d tensor. Half-precision inputs are cast up; the result then is float32.

    Example:
        Two pairs that cannot be told apart have the loss 2 ln 2: ln 2 for each direction.

        >>> u = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> round(float(contrastive_loss(u, u)), 4)
        1.3863

    Raises:
        TypeError, ValueError: wrong kind, shape or values of the inputs (only with `validate`).
    """
    u, v = _prepare(u, v, temperature, normalize, validate)
    logits = u @ v.T / temperature  # [N, N]
    target = torch.arange(len(u), dtype=torch.int64, device=u.device)
    return F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)


@full_precision()
def batch_losses(
    u: Tensor,
    v: Tensor,
    batches: Tensor,
    temperature: float | Tensor = 1.0,
    *,
    normalize: bool = False,
    validate: bool = True,
    max_elements: int = 2**24,
) -> Tensor:
    """Return the contrastive loss of every mini-batch: entry m is L(U_B, V_B) for the pairs B = batches[m].

    Args:
        u, v, temperature, normalize, validate: as in `contrastive_loss`.
        batches: [M, B] integer indices into the N pairs, one mini-batch a row.
        max_elements: the batches are evaluated in blocks whose largest intermediate tensor has about this many elements.
            Under autograd each block is recomputed in the backward pass, so memory stays bounded there too.

    Returns:
        [M] losses in nats, on the device of `u`.

    Raises:
        TypeError, ValueError: as `contrastive_loss`; and for `batches` that are not [M, B], point outside the pairs, or
            hold an index twice in a row.
    """
    u, v = _prepare(u, v, temperature, normalize, validate)
    if validate:
        check_batches(batches, len(u))
    batches = batches.to(u.device)
    size = batches.shape[1]
    rows = max(1, max_elements // (size * max(size, 2 * u.shape[1])))
    if len(batches) <= rows:
        return _losses_of_block(u, v, batches, temperature)
    blocks = batches.split(rows)
    if torch.is_grad_enabled() and (u.requires_grad or v.requires_grad or getattr(temperature, "requires_grad", False)):
        return torch.cat([checkpoint(_losses_of_block, u, v, block, temperature, use_reentrant=False) for block in blocks])
    return torch.cat([_losses_of_block(u, v, block, temperature) for block in blocks])


@full_precision()
def mini_batch_loss(
    u: Tensor,
    v: Tensor,
    batches: Tensor,
    temperature: float | Tensor = 1.0,
    *,
    normalize: bool = False,
    validate: bool = True,
    max_elements: int = 2**24,
) -> Tensor:
    """Return the mini-batch loss over a family of batches: the mean of `contrastive_loss` over the rows of `batches`.

    This is L_mini(U, V; S_B) of section 3 of the paper. Arguments and errors are those of `batch_losses`.

    Returns:
        A 0-d tensor, in nats.
    """
    return batch_losses(u, v, batches, temperature, normalize=normalize, validate=validate, max_elements=max_elements).mean()


class InfoNCE(Objective):
    """Eq. (1) of the paper, the loss of its theory: `contrastive_loss` of a batch, the sum of both directions, in nats.

    Args:
        temperature: > 0.
    """

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        return contrastive_loss(u, v, self.temperature, validate=False)


def _prepare(u: Tensor, v: Tensor, temperature, normalize: bool, validate: bool) -> tuple[Tensor, Tensor]:
    """Return checked rows in at least float32, scaled to norm 1 where asked."""
    if validate:
        if isinstance(temperature, Tensor):
            check_has_values("temperature", temperature)
            if temperature.numel() != 1 or temperature.ndim > 1:
                raise ValueError(f"temperature has shape {list(temperature.shape)}; it must be a number, or a tensor [] or [1]")
            check_positive("temperature", float(temperature.detach()))
        else:
            check_positive("temperature", temperature)
        check_pairs(u, v)
        if normalize:
            return unit_rows("u", u), unit_rows("v", v)
        check_unit_rows("u", u)
        check_unit_rows("v", v)
    u, v = (x.float() if x.dtype in HALF_PRECISION else x for x in (u, v))
    return (directions(u, dim=1), directions(v, dim=1)) if normalize else (u, v)


def _losses_of_block(u: Tensor, v: Tensor, batches: Tensor, temperature: float | Tensor) -> Tensor:
    logits = u[batches] @ v[batches].mT / temperature  # [M, B, B]
    positive = logits.diagonal(dim1=1, dim2=2)  # [M, B]
    per_pair = logits.logsumexp(dim=2) + logits.logsumexp(dim=1) - 2 * positive
    return per_pair.mean(dim=1)


def check_batches(batches: Tensor, pairs: int, name: str = "batches") -> None:
    """Raise TypeError or ValueError unless `batches` are integers [M, B] in 0..pairs - 1, none twice in a row."""
    if not isinstance(batches, Tensor) or batches.dtype not in (torch.int64, torch.int32):
        kind = batches.dtype if isinstance(batches, Tensor) else type(batches).__name__
        raise TypeError(f"{name} is {kind}; it must be an integer tensor of shape [M, B]")
    if batches.ndim != 2 or 0 in batches.shape:
        raise ValueError(f"{name} has shape {list(batches.shape)}; it must be [M, B] with M >= 1 and B >= 1")
    if not has_values(batches):
        return
    low, high = int(batches.min()), int(batches.max())
    if low < 0 or high >= pairs:
        raise ValueError(f"{name} holds index {low if low < 0 else high}; indices must lie in 0..{pairs - 1}")
    ordered = batches.sort(dim=1).values
    twice = (ordered[:, 1:] == ordered[:, :-1]).nonzero()
    if len(twice):
        row, column = twice[0].tolist()
        raise ValueError(f"{name}[{row}] holds index {int(ordered[row, column])} twice; a batch must hold distinct indices")
