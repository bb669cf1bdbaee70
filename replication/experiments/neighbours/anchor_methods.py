"""Five ways to find worst-case anchors from J candidates a step, at equal numbers of samples, each with a tuned step size.

| method | inner values | their gradients | steps | evaluations of a sample |
|---|---|---|---|---|
| full batch | exact | exact | equal | 1 |
| plug-in | of the sample | of the sample | (m + k)^(-1/2) | 1 |
| moving average | moving average | of the sample | (m + k)^(-1/2) | 1 |
| NSTORM | STORM | STORM | (m + k)^(-1/3) | 2 |
| ADA-NSTORM | STORM | STORM | likewise, each entry scaled | 2 |

The first four differ only in the beta of `storm.recursive` and in whether the old point is measured too. The schedules are
those of each method's theory: beta falls as the step size (moving average), or as its square (STORM). The rules of NSTORM and
ADA-NSTORM are recalled from memory and could not be checked against the paper. f has no sample of its own here, so NSTORM's
recursions for its gradients are the gradients themselves. Steps of p are divided by the curvature nu N of f in all methods.
"""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from replication.experiments.neighbours.storm import AdaptiveScale, decay, project_on_simplex, recursive
from replication.experiments.neighbours.worst_case_anchors import LEAST, WorstCaseAnchors

WARM = 10.0  # m
POINTS = 25  # of each curve


@dataclass(frozen=True)
class Method:
    """How a method estimates and steps: the power of its step sizes, and which recursions it has."""

    power: float = 0.5
    memory: bool = False
    corrected: bool = False
    adaptive: bool = False
    exact: bool = False


METHODS = {
    "full batch": Method(power=0.0, exact=True),
    "plug-in": Method(),
    "moving average": Method(memory=True),
    "NSTORM": Method(power=1 / 3, memory=True, corrected=True),
    "ADA-NSTORM": Method(power=1 / 3, memory=True, corrected=True, adaptive=True),
}


def descend(
    problem: WorstCaseAnchors, method: Method, rates: Tensor, steps: int, candidates: int, seeds: list[int]
) -> pd.DataFrame:
    """Run a method on R problems side by side, from W = 0, where all embeddings are alike.

    Args:
        problem: see `WorstCaseAnchors`.
        method: see `METHODS`.
        rates: first step size of each run, [R].
        steps: how many; the full batch takes as many as the same number of samples allows, at least one.
        candidates: J.
        seeds: of each run's draws.

    Returns:
        The curve of each run: "run", "samples" (candidates drawn), "loss" and "gradient" (the full batch's Phi and the norm of
        its gradient), "bias" (mean over the anchors of the logarithm of the estimated over that of the exact g), "error" (its
        root mean square), "clamped" (share of the estimates so far that were below `LEAST`).
    """
    if method.exact:
        steps, candidates = max(1, steps * candidates // problem.count), problem.count
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    shown = {0, *(round((steps - 1) ** (k / (POINTS - 1))) for k in range(POINTS)), steps - 1}
    runs, count, _ = problem.x.shape
    weights = before = torch.zeros(runs, problem.v.shape[2], problem.x.shape[2], dtype=problem.x.dtype)
    p = torch.full((runs, count), 1 / count, dtype=problem.x.dtype)
    scale = AdaptiveScale("entries", (-2, -1)) if method.adaptive else None
    values = pulls = None
    clamped, curve = torch.zeros(runs), []
    for step in range(steps):
        left = decay(step, WARM, method.power)
        beta = (left**2 if method.corrected else left) if method.memory else 1.0
        drawn = None if method.exact else torch.stack([torch.randperm(count, generator=g)[:candidates] for g in generators])
        new = problem.inner(weights, drawn)
        old = problem.inner(before, drawn) if method.corrected and step else new
        values = recursive(values, new[0], old[0], beta)
        clamped += (values < LEAST).double().mean(dim=1)
        values = values.clamp(min=LEAST)
        pulls = problem.shortened(values, recursive(pulls, new[1], old[1], beta)) if method.corrected else new[1]
        if step in shown:
            curve.append(_measure(problem, weights, values, (step + 1) * candidates, clamped / (step + 1)))
        by_encoder = problem.by_encoder(weights, values, pulls, p)
        by_weights = problem.by_weights(values, p)
        if scale:
            by_encoder = by_encoder / scale(by_encoder)
        before, weights = weights, weights - (rates * left)[:, None, None] * by_encoder
        p = project_on_simplex(p + left / (problem.nu * count) * by_weights)
    return pd.concat(curve, ignore_index=True)


def _measure(problem: WorstCaseAnchors, weights: Tensor, values: Tensor, samples: int, clamped: Tensor) -> pd.DataFrame:
    loss, gradient, exact = problem.loss(weights)
    off = values.log() - exact.log()
    columns = {
        "loss": loss,
        "gradient": gradient.flatten(1).norm(dim=1),
        "bias": off.mean(dim=1),
        "error": off.square().mean(dim=1).sqrt(),
    }
    frame = {"run": range(len(loss)), "samples": samples} | {name: x.numpy() for name, x in columns.items()}
    return pd.DataFrame(frame | {"clamped": clamped.numpy()})
