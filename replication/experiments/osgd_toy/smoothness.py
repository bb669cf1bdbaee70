"""The largest gradient and the most negative curvature of the loss of one batch, found by ascent.

The convergence theorem for OSGD (appendix) needs bounds on both: its constants, as far as they could be reconstructed, are a
gradient norm of at most 4 and weak convexity with modulus 2 sqrt(2/B) + 4 e^2 / B. A search from random starts gives lower
estimates of the true values; it can contradict such a bound, not prove it.
"""

import math
from collections.abc import Callable

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad, jacrev, vmap

from replication.losses import contrastive_loss
from replication.validation import check_count

GRADIENT_BOUND = 4.0


def weak_convexity_bound(batch_size: int) -> float:
    """Return the modulus rho_0 = 2 sqrt(2/B) + 4 e^2 / B: the curvature of the loss should stay above -rho_0."""
    return 2 * math.sqrt(2 / batch_size) + 4 * math.e**2 / batch_size


def gradient_norm(embeddings: Tensor) -> Tensor:
    """Return the norm of the gradient of eq. (1) with respect to all of `embeddings` [2, B, d], U and V."""
    return grad(_loss)(embeddings).norm()


def negative_curvature(embeddings: Tensor) -> Tensor:
    """Return minus the least eigenvalue of the Hessian of eq. (1) with respect to all of `embeddings` [2, B, d]."""
    size = embeddings.numel()
    return -torch.linalg.eigvalsh(jacrev(grad(_loss))(embeddings).view(size, size))[0]


def largest_on_spheres(
    quantity: Callable[[Tensor], Tensor], batch_size: int, dimension: int, starts: int, steps: int, seed: int = 0
) -> float:
    """Return the largest value of `quantity` that Adam finds over unit rows [2, B, d], from random starts.

    Args:
        quantity: maps one [2, B, d] tensor to a 0-d tensor.
        batch_size, dimension: B >= 2 and d >= 1.
        starts, steps: independent starts, and ascent steps of each.
        seed: of the starts.
    """
    check_count("batch_size", batch_size, 2)
    check_count("starts", starts, 1)
    check_count("steps", steps, 1)
    generator = torch.Generator().manual_seed(seed)
    free = torch.randn(starts, 2, batch_size, dimension, generator=generator, dtype=torch.float64).requires_grad_()
    optimiser = torch.optim.Adam([free], lr=0.1)
    best = -math.inf
    for _ in range(steps):
        optimiser.zero_grad()
        values = vmap(quantity)(F.normalize(free, dim=-1))
        best = max(best, float(values.detach().max()))
        (-values.sum()).backward()
        optimiser.step()
    return best


def smoothness_table(batch_sizes: list[int], starts: int, steps: int) -> pd.DataFrame:
    """Return, for each batch size B, the extremes found over B pairs in R^B beside the bounds."""
    rows = []
    for size in batch_sizes:
        search = {"batch_size": size, "dimension": size, "starts": starts, "steps": steps}
        rows.append(
            {"B": size, "d": size, "largest gradient": largest_on_spheres(gradient_norm, **search), "bound": GRADIENT_BOUND}
            | {
                "most negative curvature": -largest_on_spheres(negative_curvature, **search),
                "curvature bound": -weak_convexity_bound(size),
            }
        )
    return pd.DataFrame(rows)


def _loss(embeddings: Tensor) -> Tensor:
    return contrastive_loss(embeddings[0], embeddings[1], validate=False)
