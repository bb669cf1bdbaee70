"""Four points on the circle that repel each other in pairs: the configuration of the paper's section 5.1.

N = 4, d = 2, B = 2 and U = V. Each point stands at an angle theta_i from the horizontal axis, in its own quadrant:

    u_1 = (cos, sin)(theta_1),  u_2 = (cos, -sin)(theta_2),  u_3 = -(cos, sin)(theta_3),  u_4 = (-cos, sin)(theta_4).

All angles start at epsilon < pi/4, so the points {1, 2} and {3, 4} are close pairs; at the optimum, a square, they are pi/4.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from replication.losses import batch_losses
from replication.selection import AllBatches

OPTIMUM = math.pi / 4
PAIRS = AllBatches(2).plan(4)  # [6, 2], lexicographic
_QUADRANTS = torch.tensor([[1, 1], [1, -1], [-1, -1], [-1, 1]], dtype=torch.float64)


def points_at(epsilon: Tensor) -> Tensor:
    """Return the points [R, 4, 2] of R runs whose four angles are all epsilon [R], in radians (float64).

    Raises:
        ValueError: an angle outside 0 < epsilon < pi/4.
    """
    epsilon = torch.as_tensor(epsilon, dtype=torch.float64)
    for value in epsilon.tolist():
        if not 0 < value < OPTIMUM:
            raise ValueError(f"epsilon={value:.6g} must lie between 0 and pi/4 (both excluded)")
    return torch.stack([epsilon.cos(), epsilon.sin()], dim=1)[:, None] * _QUADRANTS


def angles_of(u: Tensor) -> Tensor:
    """Return the angles theta_i [..., 4] in radians of the points `u` [..., 4, 2]; each in its own quadrant's sense."""
    x, y = (u * _QUADRANTS).unbind(dim=-1)
    return torch.atan2(y, x)


def pair_losses(u: Tensor, v: Tensor) -> Tensor:
    """Return the losses [R, 6] of eq. (1) of all PAIRS in R runs with embeddings `u`, `v` [R, 4, 2]."""
    runs = len(u)
    batches = (PAIRS + 4 * torch.arange(runs)[:, None, None]).flatten(0, 1)
    return batch_losses(u.flatten(0, 1), v.flatten(0, 1), batches, validate=False).view(runs, len(PAIRS))


def gradient_step(u: Tensor, v: Tensor, choice: Tensor, step_size: Tensor) -> tuple[Tensor, Tensor]:
    """Take one step of projected gradient descent on the loss of one pair in each of R runs.

    Args:
        u, v: embeddings [R, 4, 2], rows of norm 1.
        choice: [R] indices into PAIRS.
        step_size: [R], the learning rate eta.

    Returns:
        The new `u` and `v`: both moved against their gradient and scaled back to norm 1.
    """
    runs = len(u)
    flat_u, flat_v = (x.detach().flatten(0, 1).requires_grad_() for x in (u, v))
    # All runs lie in one long list of points, so that one call gives the gradients of all of them.
    batches = PAIRS[choice] + 4 * torch.arange(runs)[:, None]
    loss = batch_losses(flat_u, flat_v, batches, validate=False).sum()
    gradients = torch.autograd.grad(loss, (flat_u, flat_v))
    moved = (x - step_size[:, None, None] * gradient.view(runs, 4, 2) for x, gradient in zip((u, v), gradients, strict=True))
    new_u, new_v = (F.normalize(x, dim=-1) for x in moved)
    return new_u, new_v
