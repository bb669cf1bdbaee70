"""Updates that free embeddings need until they are near the optimum, as a function of (lr, k, hardness).

N pairs on the sphere in R^d, N <= d + 1, so the optimum is the simplex ETF. Each update is a gradient step of size lr on one
batch of two pairs: the one of k random batches with the largest loss in a share `hardness` of the updates, else a random one.
That is OSGD with q = 1, and the dial of `MixedBatches`. All settings and starts run at once, as one tall set of embeddings.
"""

from itertools import product

import pandas as pd
import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from replication.geometry import distance_to_etf
from replication.seeding import derived_seed

PAIR = 2  # samples in a batch


def landscape(
    problem: list[int], lrs: list[float], ks: list[int], hardnesses: list[float], starts: int, limit: int, near: float
) -> pd.DataFrame:
    """Return a row for each setting and start: lr, k, hardness, start, and its `updates` until the distance is below `near`.

    Args:
        problem: [N, d].
        lrs, ks, hardnesses: the values of each; settings are all their combinations.
        starts: random starts of each setting; equal ones draw the same batches in all settings.
        limit: most updates; who has not arrived counts as having needed so many.
        near: Frobenius distance of the Gram matrix to the optimum that counts as arrived.
    """
    settings = list(product(lrs, ks, hardnesses))
    plain = {setting: setting if setting[1] > 1 and setting[2] else (setting[0], 1, 0.0) for setting in settings}
    different = list(dict.fromkeys(plain.values()))  # the hardest of one batch, or none of the updates on it, are alike
    found = dict(zip(different, updates_needed(*problem, different, starts, limit, near), strict=True))
    updates = torch.stack([found[plain[setting]] for setting in settings])
    rows = pd.DataFrame(settings, columns=["lr", "k", "hardness"])
    rows = rows.loc[rows.index.repeat(starts)].reset_index(drop=True)
    return rows.assign(start=list(range(starts)) * len(settings), updates=updates.flatten().tolist())


def updates_needed(n: int, d: int, settings: list[tuple], starts: int, limit: int, near: float) -> Tensor:
    """Return the updates [settings, starts] that each (lr, k, hardness) needs from each start, integers up to `limit`."""
    generators = [Generator().manual_seed(derived_seed(start, "start")) for start in range(starts)]
    begin = [torch.randn(2, n, d, generator=generator, dtype=torch.float64) for generator in generators]
    x = torch.stack(begin).repeat(len(settings), 1, 1, 1)  # [S, 2, N, d] with S = settings x starts
    x = x / x.norm(dim=-1, keepdim=True)
    lr, k, hardness = torch.tensor(settings, dtype=torch.float64).repeat_interleave(starts, dim=0).T
    start = torch.arange(starts).repeat(len(settings))
    most, needed = int(k.max()), torch.full((len(x),), limit)
    going = torch.arange(len(x))
    for update in range(1, limit + 1):
        shuffles = torch.stack([torch.rand(most, n, generator=generator).argsort(dim=1) for generator in generators])
        coins = torch.stack([torch.rand((), generator=generator, dtype=torch.float64) for generator in generators])
        candidates = shuffles[start[going], :, :PAIR]  # [S, most, B]
        chosen = _chosen(x, candidates, k[going], coins[start[going]] < hardness[going])
        x = _step(x, chosen, lr[going])
        arrived = distance_to_etf(x[:, 0] @ x[:, 1].mT) < near
        needed[going[arrived]] = update
        x, going = x[~arrived], going[~arrived]
        if not len(going):
            break
    return needed.view(len(settings), starts)


def _chosen(x: Tensor, candidates: Tensor, k: Tensor, hard: Tensor) -> Tensor:
    """Return each system's batch [S, B]: the hardest of its first k candidates [S, most, B] where `hard`, else the first."""
    losses = pair_losses(x).flatten(1).gather(1, candidates[..., 0] * x.shape[2] + candidates[..., 1])
    # Rounding hides ties between batches that are equal in exact arithmetic; 12 digits make them ties again.
    losses = losses.mul(1e12).round_().masked_fill_(torch.arange(losses.shape[1]) >= k.unsqueeze(1), -torch.inf)
    pick = torch.where(hard, losses.argmax(dim=1), 0)
    return candidates[torch.arange(len(x)), pick]


def _step(x: Tensor, batches: Tensor, lr: Tensor) -> Tensor:
    """Return the embeddings [S, 2, N, d] after one gradient step on one batch [B] each, scaled back to norm 1."""
    place = batches.view(-1, 1, PAIR, 1).expand(-1, 2, -1, x.shape[3])
    mine = x.gather(2, place).requires_grad_()  # [S, 2, B, d]: nothing else moves
    (gradient,) = torch.autograd.grad(pair_losses(mine)[:, 0, 1].sum(), mine)
    mine = mine.detach()
    gradient = gradient - (gradient * mine).sum(dim=-1, keepdim=True) * mine  # only the tangential part turns a vector
    mine = mine - lr.view(-1, 1, 1, 1) * gradient
    return x.scatter(2, place, mine / mine.norm(dim=-1, keepdim=True))


def pair_losses(x: Tensor) -> Tensor:
    """Return the loss (nats, temperature 1) of the batch of samples i and j of each system x [S, 2, N, d]: [S, N, N].

    It is `batch_losses` of all pairs, in closed form; the diagonal means nothing.
    """
    gram = x[:, 0] @ x[:, 1].mT
    margin = gram.diagonal(dim1=1, dim2=2).unsqueeze(2)
    own = softplus(gram - margin) + softplus(gram.mT - margin)  # what sample i loses to j, in both directions
    return (own + own.mT) / 2
