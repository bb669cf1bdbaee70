"""Minimise a mean batch loss over unit vectors from many seeded starts with L-BFGS.

The rows are scaled to norm 1 inside the objective, so the problem is unconstrained. The problem is not convex: the best of
many starts is numerical evidence for the optimum, and the number of starts that agree on it says how strong.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from replication.validation import check_choice, check_count

Objective = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray, np.ndarray]]
RESTRICTIONS = ("none", "antipodal")


@dataclass(frozen=True)
class Solution:
    """Where one start ended: the loss in nats, the norm of the gradient along the spheres, and unit rows [N, d]."""

    loss: float
    gradient_norm: float
    u: np.ndarray
    v: np.ndarray

    @property
    def gram(self) -> np.ndarray:
        """The inner products u_i . v_j, [N, N]."""
        return self.u @ self.v.T


def minimise(objective: Objective, u: np.ndarray, v: np.ndarray, restriction: str = "none") -> Solution:
    """Return the local minimum that L-BFGS reaches from `u`, `v` [N, d].

    Args:
        objective: maps unit rows (u, v) to the loss and its two gradients, e.g. a `MeanBatchLoss`.
        u, v: the start; rows need not have norm 1.
        restriction: "none", or "antipodal" for symmetric and antipodal pairs: U = V = [X; -X], with X the first half of `u`.

    Raises:
        ValueError: unknown restriction, or an odd N with "antipodal".
    """
    check_choice("restriction", restriction, RESTRICTIONS)
    n, d = u.shape
    if restriction == "antipodal" and n % 2:
        raise ValueError(f"n={n} must be even for restriction='antipodal'")

    def of_free_coordinates(flat):
        """Return loss and gradient by coordinates of free norm, which are projected on the sphere."""
        free = flat.reshape(-1, d)
        length = np.linalg.norm(free, axis=1, keepdims=True)
        unit = free / length
        loss, slope = _on_spheres(objective, unit, n, restriction)
        return loss, (slope / length).ravel()

    start = u[: n // 2] if restriction == "antipodal" else np.concatenate([u, v])
    options = {"maxiter": 3000, "maxfun": 6000, "maxcor": 20, "ftol": 1e-16, "gtol": 1e-11}
    found = minimize(of_free_coordinates, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    free = found.x.reshape(-1, d)
    unit = free / np.linalg.norm(free, axis=1, keepdims=True)
    loss, slope = _on_spheres(objective, unit, n, restriction)
    return Solution(loss, float(np.linalg.norm(slope)), *_expand(unit, n, restriction))


def minimise_many(
    objective: Objective, n: int, d: int, starts: int, seed: int = 0, restriction: str = "none"
) -> list[Solution]:
    """Return the local minima reached from `starts` random starts, in the order of the starts.

    Start k depends only on `seed` and k. Every second start has U = V: gradient steps keep that symmetry, which most optima
    have, so they search a space of half the dimension. BLAS is held to one thread: the problems are tiny, and the results
    do not depend on the number of cores.

    Args:
        objective, restriction: as in `minimise`.
        n, d: pairs and dimensions.
        starts: how many, >= 1.
        seed: >= 0.

    Raises:
        ValueError: a count out of range.
    """
    for name, value, low in (("n", n, 2), ("d", d, 1), ("starts", starts, 1), ("seed", seed, 0)):
        check_count(name, value, low)
    solutions = []
    with threadpool_limits(limits=1):
        for start in range(starts):
            u, v = np.random.default_rng([seed, start]).standard_normal((2, n, d))
            solutions.append(minimise(objective, u, u if start % 2 else v, restriction))
    return solutions


def tangent_gradient_norm(objective: Objective, u: np.ndarray, v: np.ndarray) -> float:
    """Return the norm of the gradient along the spheres at unit rows `u`, `v` [N, d]: 0 at a stationary point."""
    return float(np.linalg.norm(_on_spheres(objective, np.concatenate([u, v]), len(u), "none")[1]))


def best(solutions: list[Solution]) -> Solution:
    """Return the solution of the least loss, the first of equals."""
    return min(solutions, key=lambda solution: solution.loss)


def _expand(unit: np.ndarray, n: int, restriction: str) -> tuple[np.ndarray, np.ndarray]:
    """Return U and V [N, d] of the free unit rows: the restriction's parametrisation."""
    if restriction == "antipodal":
        both = np.concatenate([unit, -unit])
        return both, both
    return unit[:n], unit[n:]


def _on_spheres(objective: Objective, unit: np.ndarray, n: int, restriction: str) -> tuple[float, np.ndarray]:
    """Return the loss and its gradient along the spheres with respect to the free unit rows."""
    loss, of_u, of_v = objective(*_expand(unit, n, restriction))
    if restriction == "antipodal":
        both = of_u + of_v
        slope = both[: n // 2] - both[n // 2 :]
    else:
        slope = np.concatenate([of_u, of_v])
    return loss, slope - (slope * unit).sum(axis=1, keepdims=True) * unit
