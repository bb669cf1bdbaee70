"""The one-way partial AUC as a contrastive loss: positive pairs against the highest-scored share of *all* negative pairs."""

from numbers import Real

import torch
from torch import Tensor, nn

from replication.losses.objective import Objective
from replication.losses.partial_auc_form import (
    Duals,
    check_top,
    checked_share,
    checked_smoothing,
    dual_gradients,
    in_type,
    instance_wise,
    projected,
)
from replication.validation import check_flag, check_not_negative

# Where F is stationary, equal steps in gamma and s' attract only if (4 f^2 - 1) p < 2, with p the density of the negatives'
# terms at the threshold over the share, and f the score there: not for p large. A factor of 1/4 replaces 4 f^2 by f^2 <= 1.
SLOWER = 0.25


class PartialAUC(Objective):
    """The one-way partial AUC (OPAUC) of the pairs of a batch, in the instance-wise form of PAUCI (Shao et al. 2022).

    The scores are f = (1 + cosine)/2 in [0, 1]. The B pairs (u_i, v_i) are the positives, the B (B - 1) pairs (u_i, v_j) the
    negatives. Wanted is the mean of (1 - (f - f'))^2 over positives f and the top `share` of all negatives f', all of the data
    set and not of the batch. Four dual variables, which all batches share, make it a sum over single pairs:

        F = 1 + mean over positives of (f - a)^2 - 2 (1 + gamma) f  -  gamma^2
              + s' + 1/share (mean over negatives of r( (f' - b)^2 + 2 (1 + gamma) f' - s' )),     r the hinge max(0, .)

    Its min over a, b in [0, 1], of the max over gamma in [b - 1, 1], of the min over s' in [0, 5] is that mean; `optimal_duals`
    says where. The bound b - 1 makes the argument of r grow with f'. The authors keep it by a multiplier, we by projection;
    their F lacks the constant 1. For given duals F of the full set is the mean of F over all batches, or over any design that
    holds every pair of samples equally often.

    *Smoothing:* r(x) = log(1 + exp(kappa x))/kappa, kappa = 1/temperature unless `smoothing` is given. It is at most
    log(2)/kappa above the hinge, which 1/share multiplies: at the authors' kappa = 2 and a share of 0.1 far from the limit.

    The duals are the parameters `a`, `b`, `gamma`, `threshold`, so they are part of `state_dict`. Each call in training moves
    them by one projected gradient step, down in a, b, s' and up in gamma, and the loss is taken there. So whoever trains the
    network need not know of them. Gamma takes a quarter of the step: its maximum is one of the minima over s', while at a held
    s' F may be convex in gamma. With equal steps the solution repels where many scores lie at the threshold.

    With `dual_rate=0` the duals stay, and get gradients from `backward`: that of gamma is reversed, so an optimiser that
    descends on all `parameters()` ascends in gamma. Give gamma a quarter of the rate, and call `project()` after each step.

    *As released:* the ascent in gamma is commented out in the authors' optimiser, so gamma descends and ends at its bound 1.
    `ascend=False` does the same, from the authors' start `gamma=1`, with their `smoothing=2`. The rest of their optimiser
    (recursive estimates of the gradients, decreasing steps, a multiplier) is not part of this class. The theory was recalled;
    the tests check it, but it could not be compared with the paper.

    Args:
        temperature: > 0, 1/kappa.
        share: beta, the largest false-positive rate, 0 < beta <= 1; of the B (B - 1) negatives it must be at least one.
        smoothing: kappa > 0, where it is not 1/temperature; `math.inf`: the hinge itself.
        dual_rate: step size of a, b and s', >= 0. 0: an optimiser of the caller's moves them.
        ascend: whether gamma ascends, as the theory asks.
        gamma: its value at the start, -0.5 to 1; a, b and s' start at 0.5, as the authors'.

    Raises:
        TypeError, ValueError: arguments outside these ranges; a batch whose top share is less than one negative.
    """

    def __init__(
        self,
        temperature: float,
        share: float = 0.5,
        smoothing: float | None = None,
        dual_rate: float = 0.05,
        ascend: bool = True,
        gamma: float = 0.0,
    ):
        super().__init__(temperature)
        self.share = checked_share(share)
        self.smoothing = 1 / self.temperature if smoothing is None else checked_smoothing(smoothing)
        self.dual_rate = float(check_not_negative("dual_rate", dual_rate))
        self.ascend = check_flag("ascend", ascend)
        if isinstance(gamma, bool) or not isinstance(gamma, Real) or not -0.5 <= gamma <= 1:
            raise ValueError(f"gamma={gamma!r} must be a number >= -0.5 and <= 1")
        for name, start in {"a": 0.5, "b": 0.5, "gamma": float(gamma), "threshold": 0.5}.items():
            with torch.inference_mode(False):  # ordinary tensors, on the CPU until `.to(...)`
                value = torch.tensor(start, dtype=torch.float32, device="cpu")
                setattr(self, name, nn.Parameter(value, requires_grad=not dual_rate))

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        way = "" if self.ascend else ", gamma descends"
        rate = f"dual_rate={self.dual_rate:g}"
        return f"{super().extra_repr()}, share={self.share:g}, smoothing={self.smoothing:g}, {rate}{way}"

    def duals(self) -> Duals:
        """Return the parameters."""
        return Duals(self.a, self.b, self.gamma, self.threshold)

    @torch.no_grad()
    def project(self) -> None:
        """Put the parameters back into their ranges."""
        self._keep(projected(self.duals()))

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        size = len(u)
        check_top(self.share, size * (size - 1), f"the {size * (size - 1)} negatives of a batch of {size}")
        scores = 0.5 * (1 + u @ v.T)
        positive = scores.diagonal()
        negative = scores.flatten()[:-1].view(size - 1, size + 1)[:, 1:].flatten()  # all but the diagonal
        duals = in_type(self.duals(), scores.dtype)
        if self.dual_rate and self.training:
            with torch.no_grad():
                duals = self._moved(duals, positive, negative)
                self._keep(duals)
        if self.ascend:
            duals = duals._replace(gamma=2 * duals.gamma.detach() - duals.gamma)  # the same value, the gradient reversed
        return instance_wise(positive, negative, duals, self.share, self.smoothing)

    def _moved(self, duals: Duals, positive: Tensor, negative: Tensor) -> Duals:
        """Return the duals after one projected step."""
        steps = dual_gradients(positive, negative, duals, self.share, self.smoothing)
        steps = steps._replace(gamma=(-SLOWER if self.ascend else SLOWER) * steps.gamma)
        return projected(Duals(*(old - self.dual_rate * step for old, step in zip(duals, steps, strict=True))))

    def _keep(self, duals: Duals) -> None:
        for parameter, value in zip(self.duals(), duals, strict=True):
            parameter.copy_(value)
