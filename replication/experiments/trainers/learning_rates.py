"""The learning rate that suits shuffled batches: tried on validation pairs, with seeds that are not compared later."""

import pandas as pd

from replication.experiments.trainers.finetuning import fine_tune

TUNING_SEEDS = (1000, 1001)


def try_rates(p: dict) -> pd.DataFrame:
    """Return R@1 in % of shuffled batches among validation pairs, a row for each of the rates and tuning seeds.

    Args:
        p: the notebook's parameters; with `rates` [] nothing is tried.
    """
    tried = [(rate, seed) for rate in p["rates"] for seed in TUNING_SEEDS]
    found = [fine_tune(p | {"lr": rate}, "SGD", seed, "val") for rate, seed in tried]
    rows = [{"rate": rate, "seed": seed, "R@1": row["R@1"]} for (rate, seed), row in zip(tried, found, strict=True)]
    return pd.DataFrame(rows, columns=["rate", "seed", "R@1"])


def best_rate(tried: pd.DataFrame, default: float) -> float:
    """Return the rate with the highest mean R@1, of equal ones the smallest; `default` if none was tried."""
    return default if tried.empty else float(tried.groupby("rate")["R@1"].mean().idxmax())
