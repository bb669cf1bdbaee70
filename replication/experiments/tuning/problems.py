"""What rules are compared on: functions without noise, and a table of settings whose values have the noise of few starts."""

import numpy as np
import pandas as pd

from replication.seeding import derived_seed
from replication.tuning import BENCHMARKS, Space, mean_and_noise

NAMES = ["lr", "k", "hardness"]


class FunctionProblem:
    """A test function of `replication.tuning.BENCHMARKS`: what is observed is true."""

    def __init__(self, name: str):
        self.name, self.benchmark = name, BENCHMARKS[name]
        self.space = self.benchmark.space()

    def observe(self, settings: list[dict], seed: int) -> tuple[np.ndarray, np.ndarray | float]:
        """Return values [n] of settings, to be small, and the variance of their errors: 0."""
        return self.benchmark.values(settings).numpy(), 0.0

    def regret(self, settings: list[dict]) -> np.ndarray:
        """Return how far each setting's value lies above the least [n]."""
        return self.benchmark.values(settings).numpy() - self.benchmark.least


class TableProblem:
    """Settings with the updates that they need from several starts; a run sees the mean over a few starts of its own.

    Values are log2 of the updates: 1 is a factor of two. The truth is the mean over all starts.

    Args:
        name: for tables.
        table: as `embeddings.landscape` returns it.
        seen: starts that a run sees, the same for all its settings, drawn by its seed; at least 2.
    """

    def __init__(self, name: str, table: pd.DataFrame, seen: int):
        self.name, self.seen = name, seen
        values = np.log2(table.set_index([*NAMES, "start"]).updates).unstack("start")
        self.values = {tuple(key): row.to_numpy() for key, row in values.iterrows()}
        self.starts = values.shape[1]
        self.least = float(values.mean(axis=1).min())
        self.space = Space({name: sorted(set(table[name].tolist())) for name in NAMES})

    def observe(self, settings: list[dict], seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return values [n] of settings as the run `seed` sees them, to be small, and the variance of their errors [n]."""
        starts = np.random.default_rng(derived_seed(seed, "starts")).permutation(self.starts)[: self.seen]
        means, noise = mean_and_noise([self._row(setting)[starts] for setting in settings])
        return means, np.zeros(len(means)) if noise is None else noise

    def regret(self, settings: list[dict]) -> np.ndarray:
        """Return how far each setting's value, over all starts, lies above that of the best setting [n]."""
        return np.array([self._row(setting).mean() for setting in settings]) - self.least

    def _row(self, setting: dict) -> np.ndarray:
        return self.values[tuple(setting[name] for name in NAMES)]
