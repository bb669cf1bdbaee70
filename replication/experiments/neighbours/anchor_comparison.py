"""Worst-case anchors on digits and on random points: each method with its best step size, at equal numbers of samples."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from replication.experiments.neighbours.anchor_methods import METHODS, descend
from replication.experiments.neighbours.inputs import two_views
from replication.experiments.neighbours.workers import in_parallel
from replication.experiments.neighbours.worst_case_anchors import WorstCaseAnchors

TAIL = 10  # slopes and means at the end are those of the last tenfold growth in samples
ADAPTIVE_UNIT = 0.1  # ADA's steps have about this size where a gradient has size 1, so its rates are so much smaller


@dataclass(frozen=True)
class Setting:
    """Size and hardness of the problem, the candidates J of a step, the steps, and the step sizes that every method may try."""

    samples: int
    dimensions: int
    noise: float
    nu: float
    ridge: float
    candidates: int
    steps: int
    rates: tuple[float, ...]


def compare_methods(setting: Setting, source: str, tuning: int, seeds: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Run all methods on `seeds` problems; `tuning` others choose each method's step size by their mean last loss.

    Returns:
        (curves, ends). `curves`: a row for each method, seed and number of samples, with "gap", the full-batch Phi above its
        least value, "gradient", the norm of the gradient of Phi, "bias" and "error" of the logarithms of the inner values.
        `ends`: a row for each method and seed,
        with the last gap; "gap at half the samples", where a method that evaluates each sample twice has done the work that
        the others have at the end; "gradient", "bias", "error" averaged over the last tenfold growth in samples; "slope" of
        log gradient against log samples there; "rate", the chosen step size; "clamped".
    """
    every, count = range(tuning + seeds), len(setting.rates)
    data = [two_views(source, setting.samples, setting.dimensions, setting.noise, seed) for seed in every]
    x, v = torch.stack([views.x for views in data]), torch.stack([normalize(views.y, dim=1) for views in data])
    least = WorstCaseAnchors(x, v, setting.nu, setting.ridge).least_loss().numpy()
    tried = WorstCaseAnchors(x.repeat(count, 1, 1), v.repeat(count, 1, 1), setting.nu, setting.ridge)
    sizes = torch.tensor(setting.rates, dtype=x.dtype).repeat_interleave(len(every))
    rates = {name: sizes * (ADAPTIVE_UNIT if method.adaptive else 1) for name, method in METHODS.items()}
    jobs = [
        (descend, tried, method, rates[name], setting.steps, setting.candidates, [*every] * count)
        for name, method in METHODS.items()
    ]
    kept = []
    for name, curve in zip(METHODS, in_parallel(jobs), strict=True):
        runs = rates[name]
        curve = curve.assign(seed=curve.run % len(every), rate=runs[torch.tensor(curve.run.to_numpy())].numpy())
        last = curve[curve.samples == curve.samples.max()]
        tuned = last[last.seed < tuning].fillna({"loss": np.inf}).groupby("rate", sort=False).loss.mean()
        chosen = curve[(curve.rate == tuned.idxmin()) & (curve.seed >= tuning)]
        kept.append(chosen.assign(source=source, method=name))
    curves = pd.concat(kept, ignore_index=True)
    curves["gap"] = curves.loss - least[curves.seed.to_numpy()]
    ends = pd.DataFrame(
        _end(group) | {"source": source, "method": name, "seed": seed}
        for (name, seed), group in curves.groupby(["method", "seed"], sort=False)
    )
    front = ["source", "method", "seed"]
    return curves[[*front, "samples", "gap", "gradient", "bias", "error"]], ends[[*front, *ends.columns.drop(front)]]


def _end(curve: pd.DataFrame) -> dict[str, float]:
    last = curve.iloc[-1]
    tail = curve[curve.samples >= last.samples / TAIL]
    half = curve.iloc[(curve.samples - last.samples / 2).abs().argmin()]
    slope = np.polyfit(np.log(tail.samples), np.log(tail.gradient), 1)[0] if len(tail) > 1 else np.nan
    means = {name: tail[name].mean() for name in ("gradient", "bias", "error")}
    row = {"rate": last.rate, "gap": last.gap, "gap at half the samples": half.gap}
    return row | means | {"slope": slope, "clamped": last.clamped}
