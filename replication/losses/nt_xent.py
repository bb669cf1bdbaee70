"""The loss of SimCLR: normalised, temperature-scaled cross-entropy over all views of a batch."""

import torch
import torch.nn.functional as F
from torch import LongTensor, Tensor

from replication.losses.objective import Objective, similarities
from replication.torch_settings import full_precision


class NTXent(Objective):
    """NT-Xent (Chen et al. 2020, eq. 1): each of the 2B views must find the other view of its sample among 2B-1 candidates.

    The mean over all 2B views of -log( exp(s_pos/t) / sum over the other 2B-1 views of exp(s/t) ), in nats. The candidates
    include the B-1 other samples of the *same* view; eq. (1) of the paper, `InfoNCE` here, has only those of the other view.
    The paper's SimCLR experiments use this loss.

    Args:
        temperature: t > 0.
    """

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        cosines, _ = similarities(u, v)
        logits = (cosines / self.temperature).fill_diagonal_(-torch.inf)  # no view is its own candidate
        return F.cross_entropy(logits, torch.arange(len(logits), dtype=torch.int64, device=u.device).roll(len(u)))


@full_precision()
def nt_xent_losses(u: Tensor, v: Tensor, batches: LongTensor, temperature: float, *, max_elements: int = 2**24) -> Tensor:
    """Return `NTXent` of every mini-batch, without checks: entry m is the loss of the pairs batches[m].

    Args:
        u, v: unit rows [N, d], in at least float32.
        batches: [M, B] indices into the N pairs, one mini-batch a row.
        temperature: t > 0.
        max_elements: as in `batch_losses`.

    Returns:
        [M] losses in nats, on the device of `u`.
    """
    views = 2 * batches.shape[1]
    rows = max(1, max_elements // (views * max(views, u.shape[1])))
    return torch.cat([_losses_of_block(u, v, block, temperature) for block in batches.to(u.device).split(rows)])


def _losses_of_block(u: Tensor, v: Tensor, batches: LongTensor, temperature: float) -> Tensor:
    views = torch.cat([u[batches], v[batches]], dim=1)  # [M, 2B, d]
    logits = views @ views.mT / temperature
    positive = logits.diagonal(batches.shape[1], dim1=1, dim2=2)  # [M, B]: the same for both views of a sample
    logits.diagonal(dim1=1, dim2=2).fill_(-torch.inf)  # no view is its own candidate
    return logits.logsumexp(dim=2).mean(dim=1) - positive.mean(dim=1)
