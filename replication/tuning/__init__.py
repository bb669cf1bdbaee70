"""Which settings to try next, given the values of those that were tried: for sweeps of some dozen trainings.

    space = Space({"lr": "0.001 to 1, log", "k": "2 to 80, log integer"})
    settings = propose("TS-RSR", space, tried, values, noise, count=4, generator=generator)

Values are to be large; negate a loss. `python -m replication sweep` does it for a notebook.

| module | holds |
|---|---|
| `space`, `ranges` | parameters with their ranges, as points of the unit box |
| `gaussian_process` | what is believed of the values of all settings |
| `ts_rsr`, `thompson`, `random_search` | rules that choose a batch of settings |
| `proposing` | a rule, applied: candidates, process, picks |
| `noise` | how certain means over seeds are |
| `benchmarks` | functions with known minima |
"""

from replication.tuning.benchmarks import BENCHMARKS, Benchmark
from replication.tuning.gaussian_process import GaussianProcess, fit
from replication.tuning.noise import mean_and_noise
from replication.tuning.proposing import RULES, propose
from replication.tuning.random_search import random_search
from replication.tuning.ranges import Range, Steps
from replication.tuning.space import Space
from replication.tuning.thompson import thompson
from replication.tuning.ts_rsr import ts_rsr

__all__ = [
    "BENCHMARKS",
    "RULES",
    "Benchmark",
    "GaussianProcess",
    "Range",
    "Space",
    "Steps",
    "fit",
    "mean_and_noise",
    "propose",
    "random_search",
    "thompson",
    "ts_rsr",
]
