"""The learning rate that was best on validation pairs."""

import math
from statistics import fmean

from replication.heads.results import TrainedHeads


def best_rates(results: list[TrainedHeads], measure: str = "mean R@10") -> dict[str, float]:
    """Return for each method the learning rate with the largest mean of a validation measure over the seeds.

    Args:
        results: of `train_heads`; a method's rates must have the same seeds. Of equal rates the smaller one is taken.
        measure: a key of `TrainedHeads.validation`.

    Raises:
        ValueError: a method's rates were tried with different seeds.
    """
    found: dict[str, dict[float, dict[int, float]]] = {}
    for result in results:
        training = result.training
        found.setdefault(training.method, {}).setdefault(training.lr, {})[training.seed] = result.validation[measure]
    best = {}
    for method, rates in found.items():
        if len({tuple(sorted(values)) for values in rates.values()}) > 1:
            seeds = {lr: sorted(values) for lr, values in rates.items()}
            raise ValueError(f"the learning rates of {method!r} must be tried with the same seeds; they were with {seeds}")
        best[method] = max(sorted(rates), key=lambda lr: (fmean(rates[lr].values()), -math.log(lr)))
    return best
