"""Expected improvement of a batch, in logarithms (Ament et al. 2023): BoTorch's, which many use, where it is installed."""

import warnings
from importlib.util import find_spec

import numpy as np
import torch
from torch import Generator

from replication.tuning import Space

QLOGEI = "qLogEI"
RESTARTS, RAW = 4, 128  # of the search for the batch
SAMPLES = 128  # of the posterior, by which improvement is expected


def has_botorch() -> bool:
    """Return whether BoTorch is installed."""
    return find_spec("botorch") is not None


def qlogei(
    space: Space, settings: list[dict], values: np.ndarray, noise: np.ndarray | float, count: int, generator: Generator
) -> list[dict]:
    """Return the next settings, as `replication.tuning.propose` does; BoTorch chooses the model's prior and searches the box.

    Points are rounded after the choice. One that is known then, as can happen in a small space, is replaced by a random one.
    BoTorch's warnings are silenced: it searches again by itself where a search fails, which on flat functions is often.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _qlogei(space, settings, values, noise, count, generator)


def _qlogei(
    space: Space, settings: list[dict], values: np.ndarray, noise: np.ndarray | float, count: int, generator: Generator
) -> list[dict]:
    """Return what `qlogei` says."""
    from botorch.acquisition import qLogNoisyExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf
    from botorch.sampling import SobolQMCNormalSampler
    from gpytorch.mlls import ExactMarginalLogLikelihood

    x, y = space.points(settings), torch.as_tensor((values - values.mean()) / max(values.std(ddof=1), 1e-12)).unsqueeze(1)
    errors = torch.as_tensor(np.broadcast_to(noise / max(values.var(ddof=1), 1e-24), values.shape).copy()).clamp(min=1e-6)
    seed = int(torch.randint(2**31, (), generator=generator))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SingleTaskGP(x, y, train_Yvar=errors.unsqueeze(1), outcome_transform=None)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        sampler = SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=seed)
        gain = qLogNoisyExpectedImprovement(model, x, sampler=sampler, prune_baseline=True)
        bounds = torch.tensor([[0.0], [1.0]], dtype=torch.float64).expand(2, x.shape[1])
        found, _ = optimize_acqf(gain, bounds, count, RESTARTS, RAW, sequential=True, options={"seed": seed})
    fresh = space.fresh(space.rounded(found), settings)
    chosen = space.settings(fresh) if len(fresh) else []
    if len(chosen) < count:
        chosen += space.settings(space.draw(count - len(chosen), generator, settings + chosen))
    return chosen
