"""Decoupled contrastive learning: NT-Xent without the positive in the denominator."""

import torch
from torch import Tensor

from replication.losses.objective import Objective, same_sample, similarities


class DCL(Objective):
    """Decoupled contrastive learning (Yeh et al. 2022, eq. 6): less sensitive to small batches.

    The mean over all 2B views of -s_pos/t + log( sum over the 2(B-1) views of other samples of exp(s/t) ). With the positive
    out of the denominator the gradient no longer fades when the positive is easy. The value can be negative.

    Args:
        temperature: t > 0.
    """

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        cosines, positive = similarities(u, v)
        logits = (cosines / self.temperature).masked_fill(same_sample(len(u), u.device), -torch.inf)
        return logits.logsumexp(dim=1).mean() - positive.mean() / self.temperature
