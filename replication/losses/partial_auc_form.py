"""The instance-wise form of the one-way partial AUC: its dual variables, its value and its solution, on plain scores."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from replication.torch_settings import full_precision
from replication.validation import HALF_PRECISION, check_positive, has_values


class Duals(NamedTuple):
    """The four variables of the instance-wise form, 0-d tensors: min over `a`, `b` of max over `gamma` of min over `threshold`.

    There `a` is the mean score of the positives, `b` that of the top negatives, `gamma` = b - a, and `threshold` (s' in the
    paper) parts the top negatives from the others.
    """

    a: Tensor
    b: Tensor
    gamma: Tensor
    threshold: Tensor


@full_precision()
def partial_auc_loss(positive: Tensor, negative: Tensor, duals: Duals, share: float, smoothing: float = math.inf) -> Tensor:
    """Return the instance-wise form F of `PartialAUC` for given scores and duals; all gradients are those of F.

    Args:
        positive, negative: scores in [0, 1], [P] and [M].
        duals: 0-d tensors.
        share: 0 < beta <= 1; of the M negatives it must be at least one.
        smoothing: kappa > 0; `math.inf`: the hinge itself.

    Returns:
        A 0-d tensor.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges.
    """
    positive, negative = _checked_scores(positive, negative, share)
    for name, dual in zip(Duals._fields, duals, strict=True):
        if not isinstance(dual, Tensor) or not dual.is_floating_point() or dual.ndim:
            kind = f"{dual.dtype} {list(dual.shape)}" if isinstance(dual, Tensor) else f"{dual!r}"
            raise TypeError(f"duals.{name} is {kind}; it must be a floating-point tensor of no dimension")
    return instance_wise(positive, negative, in_type(duals, positive.dtype), share, checked_smoothing(smoothing))


@full_precision()
def optimal_duals(positive: Tensor, negative: Tensor, share: float) -> Duals:
    """Return the solution of the min-max problem of `partial_auc_loss` without smoothing, in closed form, for given scores.

    There the loss is the mean of (1 - (f - f'))^2 over all positives and the top negatives; where `share` of them is no whole
    number, the last of those counts by the fraction.

    Args, raises: as `partial_auc_loss`.
    """
    positive, negative = _checked_scores(positive, negative, share)
    wanted = share * len(negative)
    count = max(1, math.ceil(wanted - 1e-9))  # 0.3 * 10 is a little above 3
    top = negative.topk(count).values
    a, b = positive.mean(), (top.sum() - (count - wanted) * top[-1]) / wanted
    gamma = b - a
    return Duals(a, b, gamma, (top[-1] - b).square() + 2 * (1 + gamma) * top[-1])


def instance_wise(positive: Tensor, negative: Tensor, duals: Duals, share: float, smoothing: float) -> Tensor:
    """Return `partial_auc_loss` without checks; the duals have the type of the scores."""
    a, b, gamma, threshold = duals
    own = ((positive - a).square() - 2 * (1 + gamma) * positive).mean()
    excess = (negative - b).square() + 2 * (1 + gamma) * negative - threshold
    return 1 + own + threshold + _hinge(excess, smoothing).mean() / share - gamma.square()


def _hinge(x: Tensor, smoothing: float) -> Tensor:
    if smoothing == math.inf:
        return x.clamp(min=0)
    return torch.logaddexp(smoothing * x, torch.zeros_like(x)) / smoothing  # log(1 + exp(x)) would overflow


def dual_gradients(positive: Tensor, negative: Tensor, duals: Duals, share: float, smoothing: float) -> Duals:
    """Return the derivatives of `instance_wise` by the duals."""
    a, b, gamma, threshold = duals
    excess = (negative - b).square() + 2 * (1 + gamma) * negative - threshold
    above = (excess > 0).to(excess.dtype) if smoothing == math.inf else (smoothing * excess).sigmoid()
    by_gamma = 2 * ((above * negative).mean() / share - positive.mean() - gamma)
    return Duals(2 * (a - positive.mean()), 2 * (above * (b - negative)).mean() / share, by_gamma, 1 - above.mean() / share)


def in_type(duals: Duals, dtype: torch.dtype) -> Duals:
    """Return the duals in the type of the scores."""
    return Duals(*(dual.to(dtype) for dual in duals))


def projected(duals: Duals) -> Duals:
    """Return the duals put into their ranges; b comes first, as the range of gamma begins at b - 1."""
    a, b = duals.a.clamp(0, 1), duals.b.clamp(0, 1)
    return Duals(a, b, torch.maximum(duals.gamma, b - 1).clamp(max=1), duals.threshold.clamp(0, 5))


def checked_share(share: float) -> float:
    """Return `share` after checking 0 < share <= 1; TypeError or ValueError otherwise."""
    check_positive("share", share)
    if share > 1:
        raise ValueError(f"share={share} must be <= 1, all negatives")
    return float(share)


def checked_smoothing(smoothing: float) -> float:
    """Return `smoothing` after checking that it is above 0, infinity among it; TypeError or ValueError otherwise."""
    return math.inf if smoothing == math.inf else float(check_positive("smoothing", smoothing))


def check_top(share: float, count: int, which: str) -> None:
    """Raise ValueError if a share of `count` negatives, named in words, is less than one of them."""
    if share * count < 1 - 1e-9:
        raise ValueError(f"share={share:g} of {which} is less than one; share must be >= 1/{count}")


def _checked_scores(positive: Tensor, negative: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Return both in at least float32."""
    for name, x in (("positive", positive), ("negative", negative)):
        if not isinstance(x, Tensor) or not x.is_floating_point():
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"{name} is {kind}; it must be a floating-point tensor of scores, one dimension")
        if x.ndim != 1 or not len(x):
            raise ValueError(f"{name} has shape {list(x.shape)}; it must hold one or more scores, in one dimension")
        if has_values(x):
            low, high = float(x.detach().min()), float(x.detach().max())
            if not (low >= 0 and high <= 1):  # NaN among them
                raise ValueError(f"{name} lies in {low:g}..{high:g}; scores must lie in 0..1")
    check_top(checked_share(share), len(negative), f"{len(negative)} negatives")
    return tuple(x.float() if x.dtype in HALF_PRECISION else x for x in (positive, negative))
