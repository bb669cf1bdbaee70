"""A Gaussian process for some hundred points, each with a noise of its own."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from replication.selection.kernels.parallel import single_torch_thread
from replication.torch_settings import full_precision, plain_tensors
from replication.validation import check_has_values

LEAST_NOISE = 1e-8  # variance, of values with variance 1: without it the points of a noiseless process have no inverse
SMOOTH = (0.5, 1.0)  # mean and sd of the logarithm of length scales, before any value is seen; the box has sides of length 1,
SIZE = (0.0, 1.0)  # and of that of the variance, of values with variance 1
STARTS = (0.15, 0.5, 2.0)  # length scales; from the most probable of them the best ones are searched
BOUNDS = (1e-2, 1e2)


@dataclass(frozen=True)
class GaussianProcess:
    """What is believed of a function on the unit box, given its values at some points; make it with `fit`.

    The prior has a constant mean and the Matern kernel with nu = 5/2, a length scale for each dimension.

    Attributes:
        x: points [n, d], float64.
        y: values [n].
        noise: variance of the error of each value [n].
        lengths: length scales [d].
        variance: of the prior.
        centre: mean of the prior.
    """

    x: Tensor
    y: Tensor
    noise: Tensor
    lengths: Tensor
    variance: float
    centre: float

    @plain_tensors()
    def posterior(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean [m] and covariance [m, m] of the function (without noise) at points [m, d], float64."""
        points = as_points("points", points, self.x.shape[1])
        with single_torch_thread():
            factor = torch.linalg.cholesky(self.variance * matern(self.x, self.x, self.lengths) + self.noise.diag())
            across = torch.linalg.solve_triangular(factor, self.variance * matern(self.x, points, self.lengths), upper=False)
            rest = torch.linalg.solve_triangular(factor, (self.y - self.centre).unsqueeze(1), upper=False)
            covariance = self.variance * matern(points, points, self.lengths) - across.T @ across
            return self.centre + (across.T @ rest).squeeze(1), covariance


@plain_tensors()
def fit(x: Tensor, y: Tensor, noise: Tensor | float = 0.0) -> GaussianProcess:
    """Return the process whose length scales and variance are most probable, given the values.

    Their logarithms are Gaussian before any value is seen. Values are scaled to variance 1 inside, and the mean of the prior
    is their mean. The search, L-BFGS from the best of three starts, draws nothing at random.

    Args:
        x: points [n, d] of the unit box.
        y: values [n].
        noise: variance of the error of each value, [n] or a number for all; in the unit of `y`, squared. At least 1e-8 of the
            variance of the values is used.

    Raises:
        TypeError: `x`, `y` or `noise` is no tensor of numbers.
        ValueError: wrong shapes, no point, a value that is NaN or infinite, a negative noise.
    """
    x = as_points("x", x)
    y, noise = as_values("y", y, len(x)), as_values("noise", noise, len(x))
    if (noise < 0).any():
        place = int((noise < 0).nonzero()[0])
        raise ValueError(f"noise[{place}]={float(noise[place])} must be >= 0; it is a variance")
    centre, spread = float(y.mean()), float(y.std(correction=0))
    spread = spread if spread > 1e-12 * float(y.abs().max()) else max(float(noise.mean().sqrt()), 1e-12)
    scaled, error = (y - centre) / spread, (noise / spread**2).clamp(min=LEAST_NOISE)
    with single_torch_thread():
        found = torch.tensor(_most_probable(x, scaled, error), dtype=torch.float64, device="cpu").exp()
    return GaussianProcess(x, y, error * spread**2, found[:-1], float(found[-1]) * spread**2, centre)


def matern(a: Tensor, b: Tensor, lengths: Tensor) -> Tensor:
    """Return the Matern kernel with nu = 5/2 and variance 1 between points a [n, d] and b [m, d]: [n, m]."""
    # Distances by products would lose half of the digits of near points.
    r = 5**0.5 * torch.cdist(a / lengths, b / lengths, compute_mode="donot_use_mm_for_euclid_dist")
    return (1 + r + r.square() / 3) * (-r).exp()


def _most_probable(x: Tensor, y: Tensor, noise: Tensor) -> np.ndarray:
    """Return the most probable [log lengths, log variance], as far as L-BFGS finds it from the best of the starts."""

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the negative log posterior, less constants, and its gradient."""
        with torch.enable_grad(), full_precision():
            logs = torch.tensor(logs, dtype=torch.float64, device="cpu", requires_grad=True)
            lengths, variance = logs[:-1].exp(), logs[-1].exp()
            factor, failed = torch.linalg.cholesky_ex(variance * matern(x, x, lengths) + noise.diag())
            if failed:  # longer scales than float64 can invert: as improbable as can be
                return 1e10, np.zeros(len(logs))
            rest = torch.linalg.solve_triangular(factor, y.unsqueeze(1), upper=False)
            prior = ((logs[:-1] - np.log(SMOOTH[0])) / SMOOTH[1]).square().sum() + ((logs[-1] - SIZE[0]) / SIZE[1]).square()
            value = 0.5 * rest.square().sum() + factor.diagonal().log().sum() + 0.5 * prior
            (slope,) = torch.autograd.grad(value, logs)
        return float(value.detach()), slope.numpy()

    starts = [np.log([length] * x.shape[1] + [1.0]) for length in STARTS]
    first = min(starts, key=lambda start: loss(start)[0])
    return minimize(loss, first, jac=True, method="L-BFGS-B", bounds=[tuple(np.log(BOUNDS))] * len(first)).x


def as_points(name: str, x: Tensor, dimensions: int | None = None) -> Tensor:
    """Return points [n, d] as float64 on the CPU after checking shape and values.

    Raises:
        TypeError: `x` is no tensor of numbers.
        ValueError: another shape, or a value that is NaN or infinite.
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} is {type(x).__name__}; it must be a tensor of shape [n, d]")
    if x.ndim != 2 or 0 in x.shape or x.shape[1] != (dimensions or x.shape[1]):
        raise ValueError(f"{name} has shape {list(x.shape)}; it must be [n, {dimensions or 'd'}] with n >= 1")
    return _finite(name, x)


def as_values(name: str, y: Tensor | float, count: int) -> Tensor:
    """Return `count` values, or one number for all, as a float64 tensor [count] after checking them; see `as_points`."""
    if isinstance(y, int | float) and not isinstance(y, bool):
        y = torch.full((count,), float(y), dtype=torch.float64, device="cpu")
    if not isinstance(y, Tensor):
        raise TypeError(f"{name} is {type(y).__name__}; it must be a tensor of shape [n]")
    if y.shape != (count,):
        raise ValueError(f"{name} has shape {list(y.shape)}; it must be [{count}], one for each point")
    return _finite(name, y)


def _finite(name: str, x: Tensor) -> Tensor:
    check_has_values(name, x)
    if x.is_complex():
        raise TypeError(f"{name} is {x.dtype}; it must hold real numbers")
    x = x.detach().to("cpu", torch.float64, copy=True)  # a copy: an inference tensor could not be differentiated with
    if not torch.isfinite(x).all():
        place = (~torch.isfinite(x)).nonzero()[0].tolist()
        raise ValueError(f"{name}{place} is NaN or infinite; all must be finite")
    return x
