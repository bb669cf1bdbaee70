"""Maximum-likelihood fits of Dirichlet distributions, many at once: the M-step of `replication.evaluation.transductive`.

The mean negative log-likelihood of observations in the simplex of K classes depends on them only through y [K], the mean of
their logarithms:

    f(alpha) = sum_j lnΓ(alpha_j) - lnΓ(sum_j alpha_j) - alpha . y,    alpha [K] > 0

It is convex. It has a minimum if and only if sum_j exp(y_j) < 1, which fails where all observations are the same, as for a
class with one observation: the likelihood then grows without bound as alpha does.
"""

import math

import torch
from torch import Tensor

from replication.validation import check_count, check_positive

STEP = 1e-8  # relative size of a last step; Newton's error after it is about its square
ROUNDING = 1e-12  # relative, of a sum of lnΓ
SERIES = 1e-11  # below this alpha the curvature is its limit at zero, without a division by zero


def mean_negative_log_likelihood(alpha: Tensor, mean_logs: Tensor) -> Tensor:
    """Return f(alpha) [...] for `alpha` and `mean_logs` [..., K]."""
    return alpha.lgamma().sum(dim=-1) - alpha.sum(dim=-1).lgamma() - (alpha * mean_logs).sum(dim=-1)


def majorised_step(alpha: Tensor, mean_logs: Tensor) -> Tensor:
    """Return `alpha` [..., K] after one step of majorise-minimise, which never raises f; `mean_logs` [..., K].

    Martin et al. 2024 (EM-Dirichlet). With lnΓ(a) = lnΓ(a + 1) - ln a, a parabola of the least sufficient curvature majorises
    lnΓ(a + 1), and a tangent majorises -lnΓ of the sum, which is concave. The minimum of the majorant is the positive root of a
    quadratic equation for each entry.
    """
    digamma = (alpha + 1).digamma()
    curvature = 2 * (digamma * alpha - (alpha + 1).lgamma()).abs() / alpha.square()
    curvature = torch.where(alpha > SERIES, curvature, math.pi**2 / 6)
    slope = digamma - alpha.sum(dim=-1, keepdim=True).digamma() - curvature * alpha - mean_logs
    root = (slope.square() + 4 * curvature).sqrt()
    # The same root in two forms; in each case the other form would subtract nearly equal numbers.
    return torch.where(slope > 0, 2 / (slope + root), (root - slope) / (2 * curvature))


def fit_dirichlet(mean_logs: Tensor, largest: float = 1e4, max_steps: int = 100) -> tuple[Tensor, Tensor]:
    """Return the parameters that minimise f for each row of `mean_logs`, and which of the fits are capped.

    The steps are Newton's, whose Hessian is a diagonal plus a matrix of rank one (Minka 2000), where they do not raise f, and
    else `majorised_step`. So f never rises, and the minimum is reached in about ten steps, where majorise-minimise alone takes
    hundreds. Rows do not depend on each other.

    Args:
        mean_logs: [R, K], y of each fit, float64.
        largest: >= K; no fit has a concentration sum_j alpha_j above it. Where 1 - sum_j exp(y_j) is less than K/(2 largest),
            all y_j are lowered by the same amount until it is K/(2 largest). As ln(x - 1/2) < digamma(x) <
            ln(x - 1 + exp(-γ)), this bounds the concentration. So a fit without a minimum gets a finite answer that depends on
            y alone, not on where the steps began and how many they were.
        max_steps: of each fit.

    Returns:
        alpha [R, K]; and capped [R], true where y was lowered, or where `max_steps` did not suffice: alpha, and the likelihood
        at it, then are no maximum-likelihood fit.

    Raises:
        TypeError, ValueError: a value out of range, or NaN or infinity in `mean_logs`.
    """
    check_count("max_steps", max_steps, 1)
    classes = mean_logs.shape[-1]
    if check_positive("largest", largest) < classes:
        raise ValueError(f"largest={largest} must be >= K={classes}, the number of classes")
    if not torch.isfinite(mean_logs).all():
        count = int((~torch.isfinite(mean_logs)).any(dim=-1).sum())
        raise ValueError(f"mean_logs has {count} of {len(mean_logs)} rows with NaN or infinity; all must be finite")
    least = classes / (2 * largest)
    log_sum = mean_logs.logsumexp(dim=-1, keepdim=True)
    capped = -torch.expm1(log_sum) < least
    mean_logs = torch.where(capped, mean_logs + math.log1p(-least) - log_sum, mean_logs)
    capped, alpha = capped.squeeze(-1), _start(mean_logs)
    active = torch.arange(len(alpha), dtype=torch.int64, device=alpha.device)
    for _ in range(max_steps):
        now = _guarded_step(alpha[active], mean_logs[active])
        small = ((now - alpha[active]).abs() <= STEP * now).all(dim=-1)
        alpha[active] = now
        active = active[~small]
        if not len(active):
            break
    capped[active] = True
    return alpha, capped


def _start(mean_logs: Tensor) -> Tensor:
    """Return parameters [R, K] of about the right size: digamma(x) is about ln(x - 1/2) for large x, and -1/x for small x."""
    log_sum = mean_logs.logsumexp(dim=-1, keepdim=True)
    concentration = (mean_logs.shape[-1] - 1) / (-2 * torch.expm1(log_sum))
    return concentration * (mean_logs - log_sum).exp() + 1 / (1 - mean_logs)


def _guarded_step(alpha: Tensor, mean_logs: Tensor) -> Tensor:
    """Return `alpha` [R, K] after Newton's step, or after `majorised_step` in rows where Newton's would raise f."""
    total = alpha.sum(dim=-1, keepdim=True)
    descent = mean_logs - alpha.digamma() + total.digamma()
    inverse, shared = 1 / torch.polygamma(1, alpha), torch.polygamma(1, total)
    along = (descent * inverse).sum(dim=-1, keepdim=True) / (1 - shared * inverse.sum(dim=-1, keepdim=True))
    step = inverse * (descent + shared * along)
    most = (-step / alpha).amax(dim=-1, keepdim=True)
    now = alpha + step * (0.5 / most.clamp(min=0.5))  # no entry loses more than half
    rise = mean_negative_log_likelihood(now, mean_logs) - mean_negative_log_likelihood(alpha, mean_logs)
    good = rise <= ROUNDING * (1 + alpha.lgamma().abs().sum(dim=-1) + (alpha * mean_logs).abs().sum(dim=-1))  # not if NaN
    now[~good] = majorised_step(alpha[~good], mean_logs[~good])
    return now
