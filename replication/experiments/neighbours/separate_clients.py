"""Clients that never meet: FGDA and AdaFGDA on the spectral loss, whose dual a partition does not change.

Each client holds samples of its own and no client sees another's, which is training on one fixed partition. With negatives of
its own only (`shared_dual=False`) a client descends its own spectral loss, and the mean of these has another optimum than the
loss of all samples. In the dual form (`losses.spectral_dual`) every term belongs to one sample. So clients that
average one matrix A [d, d] with the encoder descend the loss of all.

The encoder is linear here, z = W x without scaling to norm 1, as the spectral loss allows. Its loss
-2 tr(W C W^T) + |W S W^T|^2, with the cross moment C of the two views and the moment S of both, has its least value in closed
form, and no local minima that are not global.

FGDA (Huang, Wang, Li & Chen 2024), every client m with x = W and y = A of its own, step sizes falling as (m + k)^(-1/3):

    local step     W <- W - rate v,  A <- A + dual rate w
    estimates      v, w by `storm.recursive` on one local sample, at the new and the old point
    every q steps  the server averages W, A, v, w over the clients

AdaFGDA divides the steps by scales that the server makes from the averaged v and w, the same on all clients until the next
averaging. These rules are recalled from memory and could not be checked against the paper.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from replication import losses
from replication.experiments.neighbours.family_objectives import second_moment
from replication.experiments.neighbours.inputs import Samples
from replication.experiments.neighbours.storm import AdaptiveScale, decay, recursive
from replication.validation import check_count

WARM = 50.0  # k + m at the first step, of the falling step sizes
FLOORS = {"entries": 0.1, "whole": 0.5}  # of AdaFGDA's divisors of W and A: with small ones its local steps overshoot
MEMORY = 0.2  # beta at the first step; it falls as the square of the step size


def clients_of_classes(samples: Samples, clients: int, per_client: int) -> tuple[Tensor, Tensor]:
    """Return the two views x, y [clients, per_client, D] of clients that hold one class each: client m the first of class m.

    Raises:
        ValueError: a client without data, or with less than `per_client` samples.
    """
    check_count("clients", clients, 2)
    check_count("per_client", per_client, 1)
    chosen = []
    for client in range(clients):
        own = (samples.labels == client).nonzero().flatten()
        if len(own) == 0:
            raise ValueError(f"client {client} has no samples; every client must have data")
        if len(own) < per_client:
            raise ValueError(f"client {client} has {len(own)} samples; per_client={per_client} needs as many")
        chosen.append(own[:per_client])
    places = torch.stack(chosen)
    return samples.x[places], samples.y[places]


def gradients(weights: Tensor, dual: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of `losses.spectral_dual` by W [..., d, D] and a symmetric A [..., d, d]; views x, y [..., n, D]."""
    u, v = x @ weights.mT, y @ weights.mT
    by_weights = 2 / x.shape[-2] * ((u @ dual - v).mT @ x + (v @ dual - u).mT @ y)
    return by_weights, 2 * (second_moment(u, v) - dual)


def spectral_loss(weights: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the primal spectral loss [...] of samples [..., n, D], pairs i = j in the square too, and its gradient by W."""
    u, v = x @ weights.mT, y @ weights.mT
    return losses.spectral_loss(u, v), gradients(weights, second_moment(u, v), x, y)[0]


def least_loss(x: Tensor, y: Tensor, outputs: int) -> float:
    """Return the least spectral loss of samples [n, D] over all W [outputs, D], in closed form.

    Minus the sum of the squares of the largest eigenvalues, at least 0, of S^(-1/2) C S^(-1/2), with the symmetric part of C.
    """
    values, vectors = torch.linalg.eigh(second_moment(x, y))
    root = vectors / values.sqrt() @ vectors.T
    cross = (x.T @ y + y.T @ x) / (2 * len(x))
    return -float(torch.linalg.eigvalsh(root @ cross @ root)[-outputs:].clamp(min=0).square().sum())


def local_minimum(x: Tensor, y: Tensor, starts: list[Tensor]) -> Tensor:
    """Return the W [d, D] of the least mean over the clients of the loss of their own samples [M, n, D] that L-BFGS finds."""

    def of_flat(flat: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the mean loss and its gradient [d D] at W as one row."""
        loss, gradient = spectral_loss(torch.from_numpy(flat).view_as(starts[0]), x, y)
        return float(loss.mean()), gradient.mean(dim=0).numpy().ravel()

    options = {"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10}
    found = [minimize(of_flat, start.numpy().ravel(), jac=True, method="L-BFGS-B", options=options) for start in starts]
    return torch.from_numpy(min(found, key=lambda end: end.fun).x).view_as(starts[0])


@dataclass(frozen=True)
class Settings:
    """How the clients train: `period` q of local steps between two averagings, first step sizes, samples a local step."""

    period: int
    rate: float
    dual_rate: float
    batch: int
    adaptive: bool = False
    shared_dual: bool = True


def train(x: Tensor, y: Tensor, start: Tensor, settings: Settings, steps: int, seeds: list[int], shown: list[int]):
    """Train S groups of M clients side by side.

    Args:
        x, y: views [S, M, n, D] of the samples of each client.
        start: W [S, d, D], the same for all clients of a group.
        settings: see `Settings`.
        steps: local steps of every client.
        seeds: of each group's draws.
        shown: steps after which the averaged encoder is kept.

    Returns:
        The encoder averaged over the clients [S, d, D] after each of the steps `shown`.

    Raises:
        ValueError: no client, or clients without data.
    """
    groups, clients, own = x.shape[:3]
    if 0 in (groups, clients, own):
        raise ValueError(f"x has shape {list(x.shape)}; every client must have data")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    weights = start[:, None].expand(groups, clients, *start.shape[1:])
    dual = _averaged(second_moment(x @ weights.mT, y @ weights.mT))  # its best value for the first encoder
    before, by_weights, by_dual, kept = (weights, dual), None, None, []
    scales = None
    if settings.adaptive:
        scales = tuple(AdaptiveScale(kind, (-2, -1), floor=floor) for kind, floor in FLOORS.items())
    divisors = (1.0, 1.0)
    rows = torch.arange(groups)[:, None, None], torch.arange(clients)[:, None]
    for step in range(steps):
        left = decay(step, WARM, 1 / 3)
        drawn = torch.stack([torch.randint(own, (clients, settings.batch), generator=g) for g in generators])
        sample = x[(*rows, drawn)], y[(*rows, drawn)]
        new = gradients(weights, dual, *sample)
        old = gradients(*before, *sample) if step else new
        beta = MEMORY * left**2
        by_weights = recursive(by_weights, new[0], old[0], beta)
        by_dual = recursive(by_dual, new[1], old[1], beta)
        if step % settings.period == 0:
            weights, by_weights = _averaged(weights), _averaged(by_weights)
            if settings.shared_dual:
                dual, by_dual = _averaged(dual), _averaged(by_dual)
            if scales:
                divisors = scales[0](by_weights), scales[1](by_dual)
        before = weights, dual
        weights = weights - settings.rate * left * by_weights / divisors[0]
        dual = dual + settings.dual_rate * left * by_dual / divisors[1]
        if step + 1 in shown:
            kept.append(weights.mean(dim=1))
    return kept


def _averaged(x: Tensor) -> Tensor:
    """Return the mean over the clients [S, 1, ...], for all of them."""
    return x.mean(dim=1, keepdim=True).expand_as(x)
