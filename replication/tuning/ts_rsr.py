"""TS-RSR: a batch of points that are likely to be the largest, each uncertain also when the others of the batch are known.

Ren & Li, arXiv 2403.04764. The rule is that of the authors' code; it could not be compared with the paper's text. Two faults of
that code are not repeated: it draws optima again without end, and may take uninitialised memory for one.
"""

import torch
from torch import Generator, Tensor

from replication.torch_settings import plain_tensors
from replication.tuning.drawing import check_posterior, root_of, sample, sigma_of
from replication.validation import check_not_negative

MOST_DRAWS = 30  # of each optimum; the authors draw without end
SLIGHT = 0.1  # in the largest sigma: what an optimum lies above all means where no draw did
LEAST_SIGMA = 1e-6  # in the largest sigma: below, rounding has the word


@plain_tensors()
def ts_rsr(mean: Tensor, covariance: Tensor, count: int, noise: float, generator: Generator) -> Tensor:
    """Return the indices [count] of different candidates at which to evaluate a function that is to be large.

    Sampled optima f*_1 ... f*_count come from the joint posterior of all candidates. In turn, pick i is the candidate with
    the least ratio (f*_i - mean) / sigma, where sigma is conditioned on picks 1 ... i-1; see `pick_in_turn`.

    Args:
        mean, covariance: of the function at the candidates, [m] and [m, m].
        count: number of picks, at most m.
        noise: variance of the error of a value yet to come, >= 0.
        generator: where the draws come from.

    Raises:
        ValueError: sigma is zero at all candidates, or `count` exceeds m; wrong shapes, values or noise.
    """
    mean, covariance = check_posterior(mean, covariance, count)
    check_not_negative("noise", noise)
    return pick_in_turn(mean, covariance, sampled_optima(mean, covariance, count, generator), noise)


@plain_tensors()
def sampled_optima(mean: Tensor, covariance: Tensor, count: int, generator: Generator) -> Tensor:
    """Return the largest value [count] of as many draws from the posterior, each above all means.

    A draw whose largest value is not above all means is drawn again, up to 30 times. If none ever is, the optimum is the
    largest mean and a tenth of the largest sigma.
    """
    top, largest, root = mean.max(), sigma_of(covariance).max(), root_of(covariance)
    optima = torch.full((count,), -torch.inf, dtype=torch.float64, device="cpu")
    for _ in range(MOST_DRAWS):
        low = optima <= top
        if not low.any():
            return optima
        optima[low] = sample(mean, root, int(low.sum()), generator).amax(dim=1)
    return torch.where(optima > top, optima, top + SLIGHT * largest)


@plain_tensors()
def pick_in_turn(mean: Tensor, covariance: Tensor, optima: Tensor, noise: float) -> Tensor:
    """Return the picks [b] for optima [b]: in turn the least (optimum - mean) / sigma, sigma conditioned on earlier picks.

    What is evaluated changes sigma whatever its value will be; the mean stays. A picked candidate is not picked again. Of
    equal candidates the first is picked.
    """
    floor = LEAST_SIGMA * sigma_of(covariance).max()
    open_, picks = torch.ones(len(mean), dtype=torch.bool, device="cpu"), []
    for optimum in optima:
        ratio = (optimum - mean) / covariance.diagonal().clamp(min=0).sqrt().clamp(min=floor)
        pick = int(ratio.where(open_, torch.inf).argmin())
        picks.append(pick)
        open_[pick] = False
        covariance = conditioned(covariance, pick, noise)
    return torch.tensor(picks, dtype=torch.int64, device="cpu")


@plain_tensors()
def conditioned(covariance: Tensor, pick: int, noise: float) -> Tensor:
    """Return the covariance [m, m] of the candidates once candidate `pick` is evaluated with an error of variance `noise`."""
    known = covariance[pick, pick] + noise
    return covariance - torch.outer(covariance[:, pick], covariance[pick]) / known if known > 0 else covariance
