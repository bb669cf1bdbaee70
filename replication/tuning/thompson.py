"""Thompson sampling in batches: each pick is the best candidate of one draw from the posterior."""

import torch
from torch import Generator, Tensor

from replication.torch_settings import plain_tensors
from replication.tuning.drawing import check_posterior, root_of, sample, sigma_of


@plain_tensors()
def thompson(mean: Tensor, covariance: Tensor, count: int, noise: float, generator: Generator) -> Tensor:
    """Return the indices [count] of different candidates; arguments and errors as of `ts_rsr` (`noise` plays no part).

    Where a draw is largest at a candidate that is picked already, its next best is taken.
    """
    mean, covariance = check_posterior(mean, covariance, count)
    sigma_of(covariance)  # refuses what is known everywhere
    draws, picks = sample(mean, root_of(covariance), count, generator), []
    for draw in draws:
        draw[picks] = -torch.inf
        picks.append(int(draw.argmax()))
    return torch.tensor(picks, dtype=torch.int64, device="cpu")
