"""SogCLR for pairs of image and text: the global loss, with a moving average for each sample and direction."""

import math

import torch
from torch import Tensor

from replication.losses.objective import check_index
from replication.losses.sogclr import SogCLR


class BimodalSogCLR(SogCLR):
    """SogCLR (Yuan et al. 2022) for two modalities, as FastCLIP (Wei et al. 2024, v0) uses it: the global objective

        F = mean over samples i of  -2 s_ii + t log( mean over j of exp(s_ij/t) ) + t log( mean over j of exp(s_ji/t) ),

    where j runs over all other samples of the data set and s_ij is the cosine of image i and text j. In contrast to `SogCLR`,
    images are not compared with images, nor texts with texts, and each direction has an average of its own:

        a_i <- g_i at the first visit, else (1 - gamma) a_i + gamma g_i,     g_i the mean over the B - 1 others of the batch.

    Value, gradient and eval mode are as in `SogCLR`, and so are the arguments, without its released first visit. The state
    `log_average` is [num_samples, 2]: image to text, text to image.
    """

    def __init__(self, num_samples: int, temperature: float, gamma: float = 0.9, cosine_steps: int = 0):
        super().__init__(num_samples, temperature, gamma, cosine_steps=cosine_steps)
        with torch.inference_mode(False):  # as in `SogCLR`
            self.log_average = torch.full((num_samples, 2), -math.inf, dtype=torch.float32, device="cpu")

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        check_index(index, len(u), len(self.log_average))
        one_way = u @ v.T
        cosines = torch.stack([one_way, one_way.T])  # [2, B, B]
        positive, count = one_way.diagonal(), len(u) - 1
        with torch.no_grad():
            logits = (cosines / self.temperature).masked_fill(torch.eye(len(u), dtype=torch.bool, device=u.device), -torch.inf)
            present = logits.logsumexp(dim=2) - math.log(count)  # log g of both directions [2, B]
            average = self._averaged(self.log_average[index].T, present)
            if self.training:
                self.log_average[index] = average.T.to(self.log_average.dtype)
                self._count()
            weights = (logits - average.unsqueeze(2)).exp() / count
            value = self.temperature * average.sum(dim=0).mean() - 2 * positive.mean()
        surrogate = (weights * cosines).sum() / len(u) - 2 * positive.mean()
        return surrogate + (value - surrogate).detach()
