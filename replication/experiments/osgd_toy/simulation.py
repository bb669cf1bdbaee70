"""Trajectories of SGD and OSGD on the four points, all runs as one tensor program.

SGD updates on one of the six pairs, drawn uniformly; OSGD on the pair with the largest loss. From the common start OSGD
is deterministic: it pulls the two close pairs apart in turn.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from replication.experiments.osgd_toy.circle import PAIRS, angles_of, gradient_step, pair_losses, points_at
from replication.validation import check_count, check_positive

_TIE = 1e-12  # nats; losses that differ by rounding only are equal


def largest_loss_pairs(u: Tensor, v: Tensor) -> Tensor:
    """Return OSGD's choice [R], an index into PAIRS for each run of `u`, `v` [R, 4, 2]; ties go to the lowest index."""
    losses = pair_losses(u, v)
    ties = losses >= losses.amax(dim=1, keepdim=True) - _TIE
    return ties.int().argmax(dim=1)  # the first of the largest


def uniform_pairs(updates: int, seeds: int) -> Tensor:
    """Return SGD's choices [updates, seeds]: column s is drawn with seed s and does not depend on the other arguments."""
    check_count("updates", updates, 1)
    check_count("seeds", seeds, 1)
    columns = [torch.randint(len(PAIRS), (updates,), generator=torch.Generator().manual_seed(seed)) for seed in range(seeds)]
    return torch.stack(columns, dim=1)


def simulate(
    epsilons: Tensor, step_sizes: Tensor, updates: int, choose: Callable[[int, Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Descend from the angles `epsilons` and follow the mean angle.

    Args:
        epsilons, step_sizes: [R], one start (radians) and one learning rate for each run.
        updates: gradient steps T >= 1.
        choose: gives the pairs [R] of update t = 0 ... T-1 from (t, u, v).

    Returns:
        The mean over the four angles [T + 1, R], in radians, before the first and after every update; and the final `u`
        [R, 4, 2].

    Raises:
        ValueError: a start outside (0, pi/4), a step size that is not positive, or no update.
    """
    check_count("updates", updates, 1)
    for value in step_sizes.tolist():
        check_positive("step_size", value)
    u = points_at(epsilons)
    v = u.clone()
    trajectory = [angles_of(u).mean(dim=1)]
    for update in range(updates):
        u, v = gradient_step(u, v, choose(update, u, v), step_sizes)
        trajectory.append(angles_of(u).mean(dim=1))
    return torch.stack(trajectory), u


def simulate_sgd(epsilons: Tensor, step_size: float, updates: int, seeds: int) -> Tensor:
    """Return the mean angle [updates + 1, E, seeds] of SGD from each of the starts `epsilons` [E].

    The starts share their random pairs: run s draws the same pairs from every start.
    """
    drawn = uniform_pairs(updates, seeds).repeat(1, len(epsilons))
    starts = epsilons.repeat_interleave(seeds)
    trajectory, _ = simulate(starts, torch.full_like(starts, step_size), updates, lambda update, u, v: drawn[update])
    return trajectory.view(updates + 1, len(epsilons), seeds)


def simulate_osgd(epsilons: Tensor, step_size: float, updates: int) -> Tensor:
    """Return the mean angle [updates + 1, E] of OSGD from each of the starts `epsilons` [E]."""
    return simulate(epsilons, torch.full_like(epsilons, step_size), updates, lambda update, u, v: largest_loss_pairs(u, v))[0]
