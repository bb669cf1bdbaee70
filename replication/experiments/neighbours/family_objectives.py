"""Contrastive losses as functions of a whole family of mini-batches: what training on these batches descends.

An objective maps the views u, v [N, d] (unit rows) and a family of batches [M, B] to one number. Most are the mean over the
batches of a loss of the batch alone (`mean_over_batches`). Three carry a variable from batch to batch, and that variable is
taken at its best value for the whole family here:

| objective | variable that the batches share | at its best |
|---|---|---|
| SogCLR | one average for each sample, of what its batches show it | their mean over the batches that hold the sample |
| spectral, shared dual | one matrix A [d, d] | the second moment of the embeddings |
| OPAUC, shared duals | two means, a slope and one threshold | means and threshold of all pairs that some batch holds |

The full batch is the family with one batch of all N.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import LongTensor, Tensor

from replication.losses import mini_batch_loss, spectral_dual, spectral_loss
from replication.validation import check_positive

Objective = Callable[[Tensor, Tensor, LongTensor], Tensor]
BatchLoss = Callable[[Tensor, Tensor], Tensor]


def mean_over_batches(loss: BatchLoss) -> Objective:
    """Return the objective that is the mean over the batches of `loss`, which maps their views [M, B, d] to [M] losses."""
    return lambda u, v, batches: loss(u[batches], v[batches]).mean()


def negative_means(u: Tensor, v: Tensor, temperature: float = 1.0) -> Tensor:
    """Return what SogCLR averages: for each sample of each batch [M, B] the mean of exp(s/t) over both its views and all views
    of the batch's other samples.
    """
    views = torch.cat([u, v], dim=1)
    size = u.shape[1]
    same = torch.eye(size, dtype=torch.bool, device=u.device).repeat(2, 2)
    sums = (views @ views.mT / temperature).exp().masked_fill(same, 0).sum(dim=2)
    return (sums[:, :size] + sums[:, size:]) / (4 * (size - 1))


def global_loss(averages: Tensor, u: Tensor, v: Tensor, temperature: float = 1.0) -> Tensor:
    """Return SogCLR's global objective, mean of 2t log(average) - 2 u_i.v_i over the last dimension; see `losses.SogCLR`."""
    return (2 * temperature * averages.log() - 2 * (u * v).sum(dim=-1)).mean(dim=-1)


def sogclr_without_memory(u: Tensor, v: Tensor) -> Tensor:
    """Return SogCLR's objective [M] where each batch starts its averages anew (gamma = 1), as if it were all data."""
    return global_loss(negative_means(u, v), u, v)


def sogclr(u: Tensor, v: Tensor, batches: LongTensor) -> Tensor:
    """Return SogCLR's objective with averages at rest: a small gamma and embeddings that hardly move between two visits.

    Raises:
        ValueError: a sample is in no batch.
    """
    count = torch.zeros(len(u), dtype=u.dtype).index_add(0, batches.flatten(), torch.ones(batches.numel(), dtype=u.dtype))
    if (count == 0).any():
        raise ValueError(f"batches leave out sample {int((count == 0).nonzero()[0])}; SogCLR needs every sample in a batch")
    means = negative_means(u[batches], v[batches]).flatten()
    averages = torch.zeros_like(count).index_add(0, batches.flatten(), means) / count
    weights = count / count.sum()
    return len(u) * (weights * (2 * averages.log() - 2 * (u * v).sum(dim=1))).mean()


def spectral(u: Tensor, v: Tensor) -> Tensor:
    """Return the spectral contrastive loss [M] of pairs: -2 mean u_i.v_i + mean over i != j of (u_i.v_j)^2.

    After HaoChen et al. (2021), who square the similarity of independent samples.
    """
    squares = (u @ v.mT).square()
    size = u.shape[1]
    apart = squares.sum(dim=(1, 2)) - squares.diagonal(dim1=1, dim2=2).sum(dim=1)
    return -2 * (u * v).sum(dim=-1).mean(dim=-1) + apart / (size * (size - 1))


def second_moment(u: Tensor, v: Tensor) -> Tensor:
    """Return the mean of z z^T over both views of all samples, [..., d, d]."""
    return (u.mT @ u + v.mT @ v) / (2 * u.shape[-2])


def spectral_shared(u: Tensor, v: Tensor, batches: LongTensor) -> Tensor:
    """Return the greatest value over one matrix A of the mean of `spectral_dual` over the batches."""
    rows_u, rows_v = u[batches], v[batches]
    return spectral_dual(rows_u, rows_v, second_moment(rows_u, rows_v).mean(dim=0)).mean()


def multiclass_auc(u: Tensor, v: Tensor, alpha: float = 1.0) -> Tensor:
    """Return the multiclass AUC's exponential surrogate [M] where each sample is a class of its own.

    Mean over i != j of exp(-alpha (s_ii - s_ij)), both directions: what InfoNCE takes the logarithm of.
    """
    cosines = u @ v.mT
    own = cosines.diagonal(dim1=-2, dim2=-1)
    size = u.shape[-2]
    both = (alpha * (cosines - own[..., :, None])).exp() + (alpha * (cosines - own[..., None, :])).exp()
    return (both.sum(dim=(-2, -1)) - 2 * size) / (2 * size * (size - 1))


def partial_auc(positive: Tensor, negative: Tensor, beta: float, kappa: float = 20.0) -> Tensor:
    """Return the square surrogate of the one-way partial AUC [...], smoothed.

    With l_j the mean over the positives of (1 - (f_i - f'_j))^2, it is the least value over a threshold s of
    s + mean_j log(1 + exp(kappa (l_j - s))) / (kappa beta). For kappa -> infinity that is the mean of l_j over the share beta
    of the negatives with the highest scores. Either is one more than the instance-wise form of Shao et al. (2022), PAUCI, at
    its best duals; their paper could not be read, so only that identity is tested.

    Args:
        positive, negative: scores [..., p] and [..., n] in [0, 1].
        beta: largest false positive rate, 0 < beta < 1.
        kappa: sharpness of the threshold, per unit of l.

    Raises:
        ValueError: beta n < 1: less than one negative.
    """
    check_share("beta", beta, negative.shape[-1])
    mean, square = (x.mean(dim=-1, keepdim=True) for x in (positive, positive.square()))
    cost = 1 - 2 * mean + square + negative * (2 - 2 * mean) + negative.square()
    threshold = _threshold(cost.detach(), beta, kappa)
    above = F.softplus(kappa * (cost - threshold)).mean(dim=-1) / (kappa * beta)
    return threshold.squeeze(-1) + above  # the threshold is at its best, so nothing flows through it


def check_share(name: str, beta: float, negatives: int) -> float:
    """Return `beta` after checking that it is below 1 and that so many negatives hold at least one of that share."""
    if check_positive(name, beta) >= 1 or beta * negatives < 1:
        raise ValueError(f"{name}={beta} of {negatives} negatives is {beta * negatives:.3g}; it must be >= 1, and {name} < 1")
    return beta


def _threshold(cost: Tensor, beta: float, kappa: float) -> Tensor:
    """Return s [..., 1] at which the mean of sigmoid(kappa (cost - s)) is beta, by bisection."""
    shift = math.log(beta / (1 - beta)) / kappa
    low, high = cost.amin(dim=-1, keepdim=True) - shift, cost.amax(dim=-1, keepdim=True) - shift
    for _ in range(36):
        middle = (low + high) / 2
        too_low = (kappa * (cost - middle)).sigmoid().mean(dim=-1, keepdim=True) > beta
        low, high = torch.where(too_low, middle, low), torch.where(too_low, high, middle)
    return (low + high) / 2


def scores(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return (1 + cosine)/2 of the pairs i = i, [..., B], and of the pairs i != j, [..., B(B-1)], of views [..., B, d]."""
    values = (1 + u @ v.mT) / 2
    size = u.shape[-2]
    apart = ~torch.eye(size, dtype=torch.bool, device=u.device)
    return values.diagonal(dim1=-2, dim2=-1), values[..., apart]


def partial_auc_of_batch(beta: float) -> Objective:
    """Return the objective in which each batch has duals of its own, so also a threshold of its own."""
    return mean_over_batches(lambda u, v: partial_auc(*scores(u, v), beta))


def partial_auc_shared(beta: float) -> Objective:
    """Return the objective in which all batches share the duals, so also the threshold: that of all their pairs together."""

    def objective(u: Tensor, v: Tensor, batches: LongTensor) -> Tensor:
        """Return the loss, 0-d, of unit rows u, v [N, d] over batches [M, B]."""
        positive, negative = scores(u[batches], v[batches])
        return partial_auc(positive.flatten(), negative.flatten(), beta)

    return objective


def objectives(beta: float = 0.5) -> dict[str, Objective]:
    """Return the compared objectives by name; `beta` is that of the partial AUC, the temperature is 1."""
    return {
        "InfoNCE": mini_batch_loss,
        "SogCLR, no memory": mean_over_batches(sogclr_without_memory),
        "SogCLR": sogclr,
        "OPAUC, threshold of the batch": partial_auc_of_batch(beta),
        "OPAUC, shared duals": partial_auc_shared(beta),
        "multiclass AUC, exp": mean_over_batches(multiclass_auc),
        "spectral": mean_over_batches(spectral),
        "spectral, moment of the batch": mean_over_batches(spectral_loss),
        "spectral, shared dual": spectral_shared,
    }
