"""Clients with one digit each: shared dual or local negatives, FGDA or AdaFGDA, and how often the clients average."""

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from replication.experiments.neighbours.inputs import first_weights, two_views
from replication.experiments.neighbours.separate_clients import (
    Settings,
    clients_of_classes,
    least_loss,
    local_minimum,
    spectral_loss,
    train,
)
from replication.experiments.neighbours.workers import in_parallel

DUAL, ADAPTIVE, LOCAL, OPTIMUM = "FGDA", "AdaFGDA", "local negatives", "local negatives, minimum"
POOL = 1000  # digits among which each client finds its class
START = 0.5  # of the norm sqrt(d): from large encoders the first steps overshoot
POINTS = 12  # of each curve


@dataclass(frozen=True)
class ClientSetting:
    """Clients and their samples, the encoder, and the training: local steps in all, samples of each, first step sizes."""

    clients: int
    per_client: int
    dimensions: int
    outputs: int
    noise: float
    steps: int
    batch: int
    rate: float
    dual_rate: float
    adaptive_rate: float
    adaptive_dual_rate: float
    starts: int


def compare_clients(setting: ClientSetting, periods: list[int], seeds: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train every seed's clients in every way.

    Args:
        setting: see `ClientSetting`.
        periods: numbers q of local steps between two averagings.
        seeds: seed s chooses the digits, their noise, the start and the draws.

    Returns:
        (curves, ends). `curves`: "method", "q", "seed", "step", and "gap": the spectral loss of all samples under the averaged
        encoder, above its optimum. `ends`: the last of these, with "share": the gap relative to that of the minimum of the
        local losses, which is a row of its own (q = 0).
    """
    groups = in_parallel([(_group, setting, seed) for seed in range(seeds)])
    x, y, start = (torch.stack([group[name] for group in groups]) for name in ("x", "y", "start"))
    steps = sorted({round(setting.steps ** ((k + 1) / POINTS)) for k in range(POINTS)})
    ways = [(method, q) for q in periods for method in (DUAL, ADAPTIVE, LOCAL)]
    jobs = [(train, x, y, start, _settings(setting, *way), setting.steps, [*range(seeds)], steps) for way in ways]
    rows = [
        {"method": method, "q": q, "seed": seed, "step": step} | _state(groups[seed], weights[seed])
        for (method, q), kept in zip(ways, in_parallel(jobs), strict=True)
        for step, weights in zip(steps, kept, strict=True)
        for seed in range(seeds)
    ]
    curves = pd.DataFrame(rows)
    exact = [
        {"method": OPTIMUM, "q": 0, "seed": seed, "step": setting.steps} | _state(group, group["local"])
        for seed, group in enumerate(groups)
    ]
    ends = pd.concat([curves[curves.step == setting.steps], pd.DataFrame(exact)], ignore_index=True).drop(columns="step")
    local = ends[ends.method == OPTIMUM].set_index("seed").gap
    return curves, ends.assign(share=ends.gap / ends.seed.map(local))


def _settings(setting: ClientSetting, method: str, q: int) -> Settings:
    adaptive = method == ADAPTIVE
    rates = (setting.adaptive_rate, setting.adaptive_dual_rate) if adaptive else (setting.rate, setting.dual_rate)
    return Settings(q, *rates, setting.batch, adaptive, method != LOCAL)


def _group(setting: ClientSetting, seed: int) -> dict:
    """Return one seed's clients, its start, the least loss of all samples, and the minimum of the local losses."""
    samples = two_views("digits", POOL, setting.dimensions, setting.noise, seed)
    x, y = clients_of_classes(samples, setting.clients, setting.per_client)
    starts = [START * first_weights(setting.outputs, setting.dimensions, 1000 * k + seed) for k in range(setting.starts)]
    together = x.flatten(0, 1), y.flatten(0, 1)
    least, local = least_loss(*together, setting.outputs), local_minimum(x, y, starts)
    return {"x": x, "y": y, "together": together, "start": starts[0], "least": least, "local": local}


def _state(group: dict, weights: Tensor) -> dict[str, float]:
    return {"gap": float(spectral_loss(weights, *group["together"])[0]) - group["least"]}
