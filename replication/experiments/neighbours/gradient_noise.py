"""How noisy is a contrastive gradient? Var g = E Var(g|B) + Var E(g|B): the noise of the views, and that of the batches.

For each way to choose batches, each correction by a snapshot, and some updates after that snapshot: both parts, and how far the
mean gradient lies from the full-batch one. All are relative to the squared norm of the full-batch gradient there. The encoder
is linear, so gradients are exact and cheap; the views are those of `image_views`.
"""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Generator, LongTensor, Tensor

from replication.experiments.neighbours.contrastive_gradient import CORRECTIONS, Snapshot, gradient, off_target, two_parts
from replication.experiments.neighbours.image_views import ImageViews, digit_views
from replication.experiments.neighbours.inputs import first_weights
from replication.selection import BatchSelector, OrderedSGD, ShuffledBatches, SpectralClustering, SwapSearch
from replication.validation import check_count, check_positive

FULL_DRAWS = 20  # of the views of the whole set, for the mean full-batch gradient


@dataclass(frozen=True)
class Problem:
    """What the gradients are of: `samples` digits in `dimensions` principal components, encoded in `outputs`, batches of B."""

    samples: int
    dimensions: int
    outputs: int
    batch_size: int
    temperature: float
    strength: float
    rate: float

    def __post_init__(self):
        check_count("batch_size", self.batch_size, 2)
        check_count("samples", self.samples, 2 * self.batch_size)
        check_count("outputs", self.outputs, 2)
        for name in ("temperature", "strength", "rate"):
            check_positive(name, getattr(self, name))


def selectors(problem: Problem) -> dict[str, BatchSelector]:
    """Return the compared ways to choose batches by name, with their default settings at this batch size and temperature."""
    size, temperature = problem.batch_size, problem.temperature
    return {
        "SGD": ShuffledBatches(size),
        "OSGD": OrderedSGD(size, temperature=temperature),
        "SC": SpectralClustering(size, temperature=temperature),
        "SwapSearch": SwapSearch(size, temperature=temperature, workers=1),
    }


def trained(problem: Problem, views: ImageViews, weights: Tensor, updates: int, generator: Generator) -> Tensor:
    """Return W after some updates of SGD on shuffled batches, with views drawn anew for each."""
    done = 0
    while done < updates:
        for batch in ShuffledBatches(problem.batch_size).plan(len(views.x), generator)[: updates - done]:
            weights = weights - problem.rate * drawn_gradients(problem, views, weights, batch, 1, generator)[1].view_as(weights)
            done += 1
    return weights


def drawn_gradients(
    problem: Problem, views: ImageViews, weights: Tensor, batch: LongTensor, draws: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Return the amounts [draws, 2, B, 4] of independent views of a batch [B], and the gradients [draws, d D] under them."""
    amounts = views.amounts(draws, batch, generator)
    first, second = (views.view(batch, part) for part in amounts.unbind(dim=1))
    return amounts, gradient(weights, first, second, problem.temperature)


def noise_of_seed(problem: Problem, warm: int, drifts: list[int], batches: int, draws: int, seed: int) -> pd.DataFrame:
    """Measure one seed: its digits, its encoder after `warm` updates, its plans and views.

    Args:
        problem: see `Problem`.
        warm: updates before the snapshot.
        drifts: numbers of updates after the snapshot at which the gradients are looked at, the first 0.
        batches: at least so many batches of each selector, from as many plans as that takes, and two.
        draws: views of each batch, >= 2.

    Returns:
        One row for each drift, selector and correction: "views", "batches", "total" (variances), "bias" (distance of the mean
        gradient from the full-batch one), all relative: the variances to the squared norm of the full-batch gradient, the bias
        to its norm; and "relative noise", the total over the squared norm of the mean gradient.
    """
    views = digit_views(problem.samples, problem.dimensions, problem.strength, seed)
    generator, everything = torch.Generator().manual_seed(seed), torch.arange(problem.samples)
    start = first_weights(problem.outputs, problem.dimensions, seed)
    old = trained(problem, views, start, warm, generator)
    snapshot = Snapshot(old, *(side[0] for side in _two_views(views, everything, 1, generator)), problem.temperature)
    plans = {name: _plans(selector, snapshot, batches, generator) for name, selector in selectors(problem).items()}
    rows, weights, done = [], old, 0
    for drift in drifts:
        weights, done = trained(problem, views, weights, drift - done, generator), drift
        full = torch.cat([drawn_gradients(problem, views, weights, everything, 1, generator)[1] for _ in range(FULL_DRAWS)])
        for name, plan in plans.items():
            drawn = [_two_views(views, batch, draws, generator) for batch in plan.flatten(0, 1)]
            for correction in CORRECTIONS:
                found = [
                    snapshot.corrected(weights, batch, *pair, correction)
                    for batch, pair in zip(plan.flatten(0, 1), drawn, strict=True)
                ]
                labels = {"seed": seed, "updates since": drift, "selector": name, "snapshot": correction}
                rows.append(labels | _relative(torch.stack(found), len(plan), full))
    return pd.DataFrame(rows)


def _two_views(views: ImageViews, batch: LongTensor, draws: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Return independent views x, y [draws, B, D] of a batch [B]."""
    first, second = views.amounts(draws, batch, generator).unbind(dim=1)
    return views.view(batch, first), views.view(batch, second)


def _relative(gradients: Tensor, plans: int, full: Tensor) -> dict[str, float]:
    """Return a row's numbers from gradients [batches, draws, P] of so many plans, and full-batch ones [F, P]."""
    nothing, target = torch.zeros_like(full[0]), full.mean(dim=0)
    size = off_target(full, nothing)
    within, between = two_parts(gradients)
    means = gradients.mean(dim=1).unflatten(0, (plans, -1)).mean(dim=1)  # batches of one plan are not independent
    off = off_target(means, target) - float(full.var(dim=0).sum()) / len(full)
    row = {"views": within / size, "batches": between / size, "total": (within + between) / size}
    return row | {"bias": max(0.0, off / size) ** 0.5, "relative noise": (within + between) / off_target(means, nothing)}


def _plans(selector: BatchSelector, snapshot: Snapshot, least: int, generator: Generator) -> Tensor:
    """Return independent plans [plans, M, B] on the snapshot's embeddings, two or more, with `least` batches in all."""
    plans = [selector.select(*snapshot.embeddings, generator)]
    while len(plans) < max(2, -(-least // len(plans[0]))):
        plans.append(selector.select(*snapshot.embeddings, generator))
    return torch.stack(plans)
