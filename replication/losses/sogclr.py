"""SogCLR: the contrastive loss over the whole data set, from small batches and a moving average for each sample."""

import math
from numbers import Real

import torch
from torch import Tensor

from replication.losses.objective import Objective, check_index, same_sample, similarities
from replication.validation import check_count, check_flag


class SogCLR(Objective):
    """SogCLR (Yuan et al. 2022, algorithm 1): stochastic optimisation of the global contrastive objective

        F = mean over samples i of  -2 s_ii + 2t log( mean of exp(s/t) over both views of i and their negatives ),

    where the negatives are both views of *all* other samples of the data set and s_ii is the cosine of i's own views. A batch
    sees 2(B-1) negatives of a view, with the mean g_i, and the logarithm of a mean of few is biased. So each sample keeps a
    moving average a_i of its g_i, and the gradient is taken as if the average were what the logarithm is taken of:

        a_i <- g_i at the first visit, else (1 - gamma) a_i + gamma g_i    (for each view; the mean of both is kept)
        gradient of  -s_ii + mean over negatives of  stop_gradient( exp(s_ij/t) / a_i ) s_ij

    summed over both views, averaged over the batch. There is no factor 1/t: the gradient is t times that of a loss in nats.

    The *value* of the result is not this surrogate, which does not measure progress, but the estimate of F: -s_ii + t log a_i,
    summed and averaged likewise. Its gradient is the surrogate's. In eval mode the averages are used as this batch updates
    them, but not kept.

    The state is the buffer `log_average` [num_samples], log a_i in float32 (-inf: not visited yet), so it is part of
    `state_dict`, and temperatures down to 0.01 do not overflow.

    The authors' code of the paper replaces a_i at the first visit only as long as *no* sample of the batch has been visited,
    else it starts a sample from a_i = 0: then a_i = gamma g_i, and its first weights are 1/gamma times too large.
    `released_first_visit=True` does the same.

    The update of a_i is also a proximal mirror step on h(x) = g_i exp(-x) + x, whose minimiser is log g_i: it minimises
    c h(x) + D(x, log a_i), where D is the Bregman divergence of exp(-x) and gamma = c a_i / (1 + c a_i). (That SogCLR is mirror
    descent on h is recalled from notes on NeuCLIP, and could not be checked against the paper; the tests check this form.)

    Args:
        num_samples: N >= 1, the size of the data set that `index` points into.
        temperature: t > 0.
        gamma: weight of the present batch in the average, 0 < gamma <= 1.
        released_first_visit: start the averages as the released code does.
        cosine_steps: gamma falls from 1 to `gamma` along half a cosine over so many calls in training, and then stays; 0:
            `gamma` at every call. LibAUC recommends the schedule for long runs, over half of the training; it changes gamma
            once an epoch. The calls so far are then a second buffer, `calls`.

    Raises:
        TypeError, ValueError: arguments outside these ranges; calls without a fitting `index`, or from another device.
    """

    def __init__(
        self,
        num_samples: int,
        temperature: float,
        gamma: float = 0.9,
        released_first_visit: bool = False,
        cosine_steps: int = 0,
    ):
        super().__init__(temperature)
        check_count("num_samples", num_samples, 1)
        if isinstance(gamma, bool) or not isinstance(gamma, Real) or not 0 < gamma <= 1:
            raise ValueError(f"gamma={gamma!r} must be a number > 0 and <= 1")
        self.gamma = float(gamma)
        self.released_first_visit = check_flag("released_first_visit", released_first_visit)
        self.cosine_steps = check_count("cosine_steps", cosine_steps, 0)
        # An ordinary tensor, on the CPU until `.to(...)`: on the meta device the marks of samples not seen yet would be lost.
        with torch.inference_mode(False):
            log_average = torch.full((num_samples,), -math.inf, dtype=torch.float32, device="cpu")
            calls = torch.zeros((), dtype=torch.int64, device="cpu")
        self.register_buffer("log_average", log_average)
        if cosine_steps:  # without a schedule the state is the averages alone, as it always was
            self.register_buffer("calls", calls)

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        schedule = f" after {self.cosine_steps} calls" if self.cosine_steps else ""
        return f"{len(self.log_average)}, {super().extra_repr()}, gamma={self.gamma:g}{schedule}"

    def present_gamma(self) -> float | Tensor:
        """Return the weight of the batch at the next call: `gamma`, or under the schedule a 0-d tensor, float64."""
        if not self.cosine_steps:
            return self.gamma
        done = (self.calls.double() / self.cosine_steps).clamp(max=1)
        return self.gamma + (1 - self.gamma) * 0.5 * (1 + (math.pi * done).cos())

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        if u.device != self.log_average.device:
            raise ValueError(f"u is on {u.device}; this SogCLR is on {self.log_average.device}: move it with .to(u.device)")
        check_index(index, len(u), len(self.log_average))
        cosines, positive = similarities(u, v)
        count = 2 * (len(u) - 1)
        with torch.no_grad():
            logits = (cosines / self.temperature).masked_fill(same_sample(len(u), u.device), -torch.inf)
            present = logits.logsumexp(dim=1).view(2, -1) - math.log(count)  # log g of both views [2, B]
            average = self._averaged(self.log_average[index], present)
            if self.training:
                kept = average.logsumexp(dim=0) - math.log(2)
                self.log_average[index] = kept.to(self.log_average.dtype)
                self._count()
            weights = (logits - average.view(-1, 1)).exp() / count  # [2B, 2B]
            value = self.temperature * average.sum(dim=0).mean() - 2 * positive.mean()
        surrogate = (weights * cosines).sum() / len(u) - 2 * positive.mean()
        return surrogate + (value - surrogate).detach()

    def _averaged(self, old: Tensor, present: Tensor) -> Tensor:
        """Return the logarithms of the averages of both views [2, B], from what is kept [B] and the batch [2, B]."""
        if self.gamma == 1:
            return present
        new = old.isneginf()
        replaced = new.all() if self.released_first_visit else new
        gamma = self.present_gamma()
        if isinstance(gamma, Tensor):  # it stays on the device; at 1 the logarithm of what is kept is minus infinity
            kept, fresh = ((1 - gamma).log().to(present.dtype), gamma.log().to(present.dtype))
        else:
            kept, fresh = math.log(1 - gamma), math.log(gamma)
        mixed = torch.logaddexp(old.to(present.dtype) + kept, present + fresh)
        return torch.where(replaced, present, mixed)

    def _count(self) -> None:
        """Note one call in training, where a schedule needs it."""
        if self.cosine_steps:
            self.calls.add_(1)
