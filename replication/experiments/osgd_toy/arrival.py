"""How many updates SGD and OSGD need until the expected angle is within rho of the optimum pi/4.

T is the paper's: the first update after which E[theta] lies within rho of pi/4, E over the runs and the four angles. Its
95 % confidence interval is a percentile bootstrap over the runs. OSGD is deterministic, so the interval of T_SGD / T_OSGD
comes from SGD alone. The median over runs of each run's own first arrival is given beside it, with the share of runs that
arrive at all: large steps throw some runs into another order of the points on the circle, where the four angles of the
definition no longer describe the square.
"""

import math

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from replication.experiments.osgd_toy.circle import OPTIMUM
from replication.experiments.osgd_toy.gradient_flow import time_to_arrive
from replication.experiments.osgd_toy.simulation import simulate_osgd, simulate_sgd
from replication.validation import check_count

_MARGIN = 2.5  # simulated length over the gradient flow's time: noise delays the arrival


def first_arrival(trajectories: np.ndarray, rho: float) -> np.ndarray:
    """Return [...] the first update at which `trajectories` [T + 1, ...] is within `rho` of pi/4, infinity if it never is."""
    inside = np.abs(trajectories - OPTIMUM) < rho
    return np.where(inside.any(axis=0), inside.argmax(axis=0), np.inf)


def bootstrap_means(trajectories: np.ndarray, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """Return [T + 1, resamples] means of `trajectories` [T + 1, runs] over runs drawn again with replacement."""
    runs = trajectories.shape[1]
    counts = generator.multinomial(runs, np.full(runs, 1 / runs), size=resamples)
    return trajectories @ (counts.T / runs)


def run_grid(
    epsilons: list[float], step_sizes: list[float], rhos: list[float], seeds: int, resamples: int
) -> tuple[pd.DataFrame, dict]:
    """Simulate SGD and OSGD from every start with every step size, and count updates until arrival.

    Args:
        epsilons: start angles in radians, each in (0, pi/4).
        step_sizes: learning rates eta.
        rhos: distances from pi/4, in radians, that count as arrived; those that hold from the start are left out.
        seeds: runs of SGD from each start; seed s draws the pairs of run s.
        resamples: bootstrap resamples for the confidence intervals.

    Returns:
        A table with one row for each (epsilon, eta, rho); and the mean angles, by step size:
        {"SGD": [T + 1, E, seeds], "OSGD": [T + 1, E]}, in radians.

    Raises:
        ValueError: a value out of range, or no start that is outside every rho.
    """
    check_count("seeds", seeds, 2)
    check_count("resamples", resamples, 1)
    if not any(epsilon < OPTIMUM - rho for epsilon in epsilons for rho in rhos):
        raise ValueError(f"rhos={rhos} hold from every start in epsilons={epsilons}; nothing is left to count")
    longest = max(time_to_arrive("SGD", epsilon, min(rhos)) for epsilon in epsilons)
    starts = torch.tensor(epsilons, dtype=torch.float64)
    rows, trajectories = [], {}
    for eta in tqdm(step_sizes, desc="step sizes", mininterval=10):
        updates = math.ceil(_MARGIN * longest / eta)
        sgd, osgd = simulate_sgd(starts, eta, updates, seeds).numpy(), simulate_osgd(starts, eta, updates).numpy()
        trajectories[eta] = {"SGD": sgd, "OSGD": osgd}
        for index, epsilon in enumerate(epsilons):
            means = bootstrap_means(sgd[:, index], resamples, np.random.default_rng(0))
            for rho in rhos:
                if epsilon < OPTIMUM - rho:
                    counts = _count_updates(sgd[:, index], osgd[:, index], means, rho)
                    rows.append({"epsilon": epsilon, "eta": eta, "rho": rho} | counts | _compare(counts, epsilon, eta, rho))
    return pd.DataFrame(rows).sort_values(["epsilon", "eta", "rho"], ascending=[True, False, False]), trajectories


def _count_updates(sgd: np.ndarray, osgd: np.ndarray, means: np.ndarray, rho: float) -> dict:
    """Return the updates until arrival for one start, step size and rho."""
    # Order statistics, not interpolated between: an arrival may be infinite.
    low, high = np.quantile(first_arrival(means, rho), [0.025, 0.975], method="nearest")
    single = first_arrival(sgd, rho)
    return {
        "T_OSGD": float(first_arrival(osgd, rho)),
        "T_SGD": float(first_arrival(sgd.mean(axis=1), rho)),
        "T_SGD low": low,
        "T_SGD high": high,
        "single-run median": np.quantile(single, 0.5, method="nearest"),
        "runs arrived": np.isfinite(single).mean(),
    }


def _compare(counts: dict, epsilon: float, eta: float, rho: float) -> dict:
    """Return the ratio T_SGD / T_OSGD with its interval, and the counts relative to the limit of small steps."""
    flow = {method: time_to_arrive(method, epsilon, rho) for method in ("SGD", "OSGD")}
    return {
        "ratio": counts["T_SGD"] / counts["T_OSGD"],
        "ratio low": counts["T_SGD low"] / counts["T_OSGD"],
        "ratio high": counts["T_SGD high"] / counts["T_OSGD"],
        "flow ratio": flow["SGD"] / flow["OSGD"],
        "eta T_OSGD / flow": eta * counts["T_OSGD"] / flow["OSGD"],
        "eta T_SGD / flow": eta * counts["T_SGD"] / flow["SGD"],
    }
