"""How much of the views' noise each control variate removes from the gradients of shuffled batches, on fresh views."""

import pandas as pd
import torch
from scipy import stats
from torch import Generator, LongTensor

from replication.experiments.neighbours.control_variates import Amortised, BestForBatch, Drawn, OneForAll
from replication.experiments.neighbours.gradient_noise import Problem, drawn_gradients, trained
from replication.experiments.neighbours.image_views import AMOUNTS, digit_views
from replication.experiments.neighbours.inputs import first_weights
from replication.selection import ShuffledBatches

VARIATES = ("none", "one for all", "amortised", "best for each batch")
OTHERS = 4  # batches that fit the shared variates, for each that is looked at
LEVEL = 0.999  # of the largest deviation that chance allows
OWN = 6  # draws that fit the best for each batch, for each of its coefficients


def view_noise_of_seed(problem: Problem, warm: int, batches: int, draws: int, seed: int) -> pd.DataFrame:
    """Return the views' variance that each variate leaves, for one seed's digits, encoder and shuffled batches.

    Args:
        problem, warm: as in `gradient_noise.noise_of_seed`.
        batches: looked at; others fit the variates that batches share.
        draws: views of each batch.

    Returns:
        One row for each variate: "left", the variance relative to none; "worst z", the largest of the deviations of the means
        from those of the plain gradient, in standard errors; "allowed z", what chance allows the largest of as many.
    """
    views = digit_views(problem.samples, problem.dimensions, problem.strength, seed)
    generator = torch.Generator().manual_seed(seed)
    weights = trained(problem, views, first_weights(problem.outputs, problem.dimensions, seed), warm, generator)

    def draw(batch: LongTensor, count: int) -> Drawn:
        """Return the gradients of a batch [B] under `count` draws of its views."""
        return Drawn(batch, *drawn_gradients(problem, views, weights, batch, count, generator))

    others = [draw(batch, draws) for batch in _batches(problem, OTHERS * batches, generator)]
    shared = {VARIATES[1]: OneForAll().fit(others), VARIATES[2]: Amortised(views, weights, problem.temperature).fit(others)}
    plain, removed = [], {name: [] for name in VARIATES[1:]}
    for batch in _batches(problem, batches, generator):
        own = BestForBatch().fit([draw(batch, OWN * 2 * len(AMOUNTS) * len(batch))])
        fresh = draw(batch, draws)
        plain.append(fresh.gradients)
        for name, variate in (shared | {VARIATES[3]: own}).items():
            removed[name].append(variate.removed(batch, fresh.amounts))
    gradients = torch.stack(plain)  # [batches, draws, P]
    allowed = stats.norm.ppf(1 - (1 - LEVEL) / 2 / gradients.shape[-1])
    rows = [{"seed": seed, "variate": VARIATES[0], "left": 1.0, "worst z": 0.0, "allowed z": allowed}]
    for name, parts in removed.items():
        parts = torch.stack(parts)
        left = float((gradients - parts).var(dim=1).sum() / gradients.var(dim=1).sum())
        error = (parts.var(dim=1).mean(dim=0) / (parts.shape[0] * parts.shape[1])).sqrt()
        worst = float((parts.mean(dim=(0, 1)).abs() / error).max())
        rows.append({"seed": seed, "variate": name, "left": left, "worst z": worst, "allowed z": allowed})
    return pd.DataFrame(rows)


def _batches(problem: Problem, count: int, generator: Generator) -> LongTensor:
    """Return `count` independent random batches [count, B]."""
    return torch.stack([ShuffledBatches(problem.batch_size).plan(problem.samples, generator)[0] for _ in range(count)])
