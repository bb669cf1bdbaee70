"""Draws from a joint posterior of candidates."""

import torch
from torch import Generator, Tensor

from replication.torch_settings import plain_tensors
from replication.tuning.gaussian_process import as_points, as_values
from replication.validation import check_count

JITTERS = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4)  # in the largest variance: rounding makes near candidates one too many


def check_posterior(mean: Tensor, covariance: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return mean [m] and covariance [m, m] as float64 after checking them, and that `count` candidates can be picked.

    Raises:
        TypeError, ValueError: wrong shapes or values; `count` < 1 or > m.
    """
    covariance = as_points("covariance", covariance)
    mean = as_values("mean", mean, len(covariance))
    if covariance.shape[1] != len(mean):
        raise ValueError(f"covariance has shape {list(covariance.shape)}; it must be square")
    check_count("count", count, 1, len(mean), "the number of candidates")
    return mean, covariance


@plain_tensors()
def sample(mean: Tensor, root: Tensor, count: int, generator: Generator) -> Tensor:
    """Return draws [count, m] from the normal distribution with mean [m] and covariance root @ root.T, float64."""
    return mean + torch.randn(count, len(mean), generator=generator, dtype=torch.float64, device="cpu") @ root.T


@plain_tensors()
def root_of(covariance: Tensor) -> Tensor:
    """Return the Cholesky factor [m, m] of a covariance [m, m], with as little added to its diagonal as it needs.

    Raises:
        ValueError: even a ten thousandth of the largest variance is not enough; it is no covariance.
    """
    scale = covariance.diagonal().amax()
    for jitter in JITTERS:
        factor, failed = torch.linalg.cholesky_ex(covariance + (jitter * scale).expand(len(covariance)).diag())
        if not failed:
            return factor
    raise ValueError("covariance has a negative eigenvalue; it must be positive semidefinite")


@plain_tensors()
def sigma_of(covariance: Tensor) -> Tensor:
    """Return the standard deviations [m] of candidates with covariance [m, m]; ValueError if all are zero."""
    sigma = covariance.diagonal().clamp(min=0).sqrt()
    if not (sigma > 0).any():
        raise ValueError(
            f"sigma is zero at all {len(sigma)} candidates: nothing is left to learn there; offer others, or a noise > 0"
        )
    return sigma
