"""The objective that ordered SGD descends: the sorted losses, weighted by gamma_j (Kawaguchi & Lu 2020; paper, appendix).

OSGD draws k of n batches uniformly, keeps the q with the largest loss and steps on their mean loss. Its expected gradient
is that of

    1/q sum_j gamma_j L_(j),    L_(1) >= L_(2) >= ... >= L_(n),

where gamma_j is the probability that the batch of rank j is kept: it is drawn, and at most q - 1 of the j - 1 batches
above it are drawn too. Here the formula meets two counts that do not use it: of all C(n, k) draws, and of simulated ones.
"""

import itertools
import math

import numpy as np
import pandas as pd
import torch
from scipy.stats import norm
from torch import Tensor

from replication.losses import batch_losses
from replication.selection import AllBatches
from replication.selection.shuffled import independent_rows
from replication.validation import check_count

MAX_DRAWS_ENUMERATED = 20_000


def gamma(n: int, k: int, q: int) -> np.ndarray:
    """Return gamma_1 ... gamma_n, which add up to q.

    Raises:
        ValueError: not 1 <= q <= k <= n.
    """
    check_count("n", n, 1)
    check_count("k", k, 1, n, "n")
    check_count("q", q, 1, k, "k")
    # Integers up to the last division: the binomials outgrow a float's precision.
    kept = [sum(math.comb(j - 1, above) * math.comb(n - j, k - above - 1) for above in range(q)) for j in range(1, n + 1)]
    return np.array([count / math.comb(n, k) for count in kept])


def kept_shares(losses: Tensor, draws: Tensor, q: int) -> Tensor:
    """Return [n] the share of `draws` [D, k] in which each rank, largest loss first, is among the q largest drawn.

    Args:
        losses: [n], one for each batch; all different.
        draws: indices of the batches drawn.
        q: how many are kept, 1 <= q <= k.
    """
    kept = draws.gather(1, losses[draws].topk(q, dim=1).indices)
    rank = losses.argsort(descending=True).argsort()
    return rank[kept].flatten().bincount(minlength=len(losses)).double() / len(draws)


def all_draws(n: int, k: int) -> Tensor:
    """Return all C(n, k) draws [C(n, k), k] of k of n batches."""
    return torch.combinations(torch.arange(n), r=k)


def disjoint_draws(batches: Tensor) -> Tensor:
    """Return all draws [D, N/B] from `batches` [n, B] that are partitions of the N samples."""
    samples = int(batches.max()) + 1
    rows = batches.tolist()
    together = itertools.combinations(range(len(rows)), samples // batches.shape[1])
    return torch.tensor([draw for draw in together if len({sample for row in draw for sample in rows[row]}) == samples])


def gradient_gap(u: Tensor, v: Tensor, batches: Tensor, draws: Tensor, q: int) -> float:
    """Return the relative gap between OSGD's expected gradient and the gradient of the objective at one configuration.

    Args:
        u, v: embeddings [N, d], rows of norm 1.
        batches: [n, B], the batches that can be drawn.
        draws: [D, k], all draws, equally likely.
        q: how many are kept.

    Returns:
        The norm of the difference over the norm of the objective's gradient, both with respect to U and V.
    """
    u, v = u.clone().requires_grad_(), v.clone().requires_grad_()
    losses = batch_losses(u, v, batches)
    weights = torch.from_numpy(gamma(len(batches), draws.shape[1], q))
    objective = (weights * losses.sort(descending=True).values).sum() / q
    expected_step = losses[draws].topk(q, dim=1).values.mean()  # its gradient is the mean over draws of OSGD's gradient
    wanted, found = (torch.cat(torch.autograd.grad(value, (u, v), retain_graph=True)) for value in (objective, expected_step))
    return float((found - wanted).norm() / wanted.norm())


def check_objective(cases: list[list[int]], simulated_draws: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare gamma_j with counts, at one random configuration of N points in R^N for each case.

    Args:
        cases: [N, k, q] each; the batches are all n = C(N, 2) pairs.
        simulated_draws: random draws of k batches for each case.

    Returns:
        One row for each case with the largest deviations (the simulated one in standard errors; the others to 10 decimals,
        NaN where there are too many draws to enumerate); and one row for each case and rank with gamma_j and the simulated
        share.
    """
    check_count("simulated_draws", simulated_draws, 1)
    summary, curves = [], []
    for samples, k, q in cases:
        generator = torch.Generator().manual_seed(samples)
        u, v = _random_points(samples, generator), _random_points(samples, generator)
        batches = AllBatches(2).plan(samples)
        n = len(batches)
        formula, losses = gamma(n, k, q), batch_losses(u, v, batches)
        simulated = kept_shares(losses, independent_rows(simulated_draws, n, k, generator), q).numpy()
        error = np.sqrt(formula * (1 - formula) / simulated_draws)
        certain = error == 0  # ranks that are never or always kept must be so in every draw
        gap = np.abs(simulated - formula)
        deviation = np.inf if gap[certain].any() else (gap[~certain] / error[~certain]).max(initial=0)
        row = {"N": samples, "n": n, "k": k, "q": q, "simulated, standard errors": deviation}
        row["allowed, standard errors"] = norm.isf(0.0005 / n)  # all n ranks stay within it with probability 99.9 %
        if math.comb(n, k) <= MAX_DRAWS_ENUMERATED:
            draws = all_draws(n, k)
            gaps = np.abs(kept_shares(losses, draws, q).numpy() - formula).max(), gradient_gap(u, v, batches, draws, q)
            row["enumerated gap"], row["gradient gap"] = np.round(gaps, 10)  # less than that is rounding
        summary.append(row)
        ranks = {"rank": np.arange(1, n + 1), "gamma": formula, "simulated": simulated}
        curves.append(pd.DataFrame({"n": n, "k": k, "q": q} | ranks))
    return pd.DataFrame(summary), pd.concat(curves, ignore_index=True)


def disjoint_candidates(sizes: list[int]) -> pd.DataFrame:
    """Return how far OSGD among the batches of one shuffle is from the objective, for each even number N of samples.

    Draws without replacement (the paper's algorithm 6, and the released image code) are partitions into pairs, so batches
    that share a sample never compete: k = N/2 of n = C(N, 2), q = 1, one random configuration in R^N each.
    """
    rows = []
    for samples in sizes:
        check_count("samples", samples, 4, 8, "more have too many draws to enumerate")
        generator = torch.Generator().manual_seed(samples)
        u, v = _random_points(samples, generator), _random_points(samples, generator)
        batches = AllBatches(2).plan(samples)
        draws = disjoint_draws(batches)
        gap = kept_shares(batch_losses(u, v, batches), draws, 1).numpy() - gamma(len(batches), samples // 2, 1)
        rows.append(
            {"N": samples, "n": len(batches), "k": samples // 2, "q": 1, "partitions": len(draws)}
            | {"largest gap to gamma": np.abs(gap).max(), "gradient gap": gradient_gap(u, v, batches, draws, 1)}
        )
    return pd.DataFrame(rows)


def _random_points(samples: int, generator: torch.Generator) -> Tensor:
    points = torch.randn(samples, samples, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(points, dim=1)
