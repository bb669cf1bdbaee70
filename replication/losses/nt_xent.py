"""The loss of SimCLR: normalised, temperature-scaled cross-entropy over all views of a batch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from replication.losses.objective import Objective, similarities


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
        return F.cross_entropy(logits, torch.arange(len(logits), device=u.device).roll(len(u)))
