"""Rules side by side: from the same first points, with the same number of evaluations, how good is the best that each found?"""

import time

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from torch import Generator

from replication import machine
from replication.evaluation import paired_comparison
from replication.evaluation.interval import student_interval
from replication.experiments.tuning.problems import FunctionProblem, TableProblem
from replication.experiments.tuning.qlogei import QLOGEI, qlogei
from replication.seeding import derived_seed
from replication.tuning import propose

LEAST = 1e-12  # of a regret, so that it has a logarithm
COMPARED = "TS-RSR"


def compare_rules(
    problems: list[FunctionProblem | TableProblem],
    rules: list[str],
    seeds: int,
    start_points: int,
    rounds: int,
    batch: int,
    candidates: int,
) -> pd.DataFrame:
    """Return the regret of every rule on every problem after each evaluation.

    Args:
        problems: of different names.
        rules: names that `propose` knows, or "qLogEI".
        seeds: runs of each; rules of one seed begin with the same random points.
        start_points: how many these are.
        rounds, batch: so many rounds of so many evaluations follow.
        candidates: that rules pick from.

    Returns:
        A row for each problem, rule, seed and number of evaluations from `start_points` on, with the true `regret` of the
        setting that looked best so far, and the `seconds` that its round's proposals took, for each proposal.
    """
    jobs = [
        delayed(_run)(problem, rule, seed, start_points, rounds, batch, candidates)
        for problem in problems
        for seed in range(seeds)
        for rule in rules
    ]
    # A run is a chain of small matrices, so one thread is best for it, and the cores take different runs.
    frame = pd.concat(Parallel(n_jobs=min(len(jobs), machine.cores()))(jobs), ignore_index=True)
    order = {rule: place for place, rule in enumerate(rules)}  # of the tables: rule by rule
    keys = [frame.problem.map({p.name: place for place, p in enumerate(problems)}), frame.rule.map(order), frame.seed]
    return frame.iloc[np.lexsort([frame.evaluations, *reversed(keys)])].reset_index(drop=True)


def _run(problem, rule: str, seed: int, start_points: int, rounds: int, batch: int, candidates: int) -> pd.DataFrame:
    torch.set_num_threads(1)
    first = Generator().manual_seed(derived_seed(seed, "first points"))
    settings = problem.space.settings(problem.space.draw(start_points, first))
    generator, seconds = Generator().manual_seed(derived_seed(seed, rule)), [np.nan]
    for _ in range(rounds):
        values, noise = problem.observe(settings, seed)
        begin = time.perf_counter()
        if rule == QLOGEI:
            new = qlogei(problem.space, settings, -values, noise, batch, generator)
        else:
            noise = torch.as_tensor(noise, dtype=torch.float64).expand(len(settings))
            new = propose(rule, problem.space, settings, -torch.as_tensor(values), noise, batch, generator, candidates)
        seconds += [(time.perf_counter() - begin) / batch] * batch
        settings = settings + new
    values, _ = problem.observe(settings, seed)
    best = np.minimum.accumulate(values)
    looked_best = np.maximum.accumulate(np.where(values == best, np.arange(len(values)), 0))
    regret = problem.regret(settings)[looked_best][start_points - 1 :]
    counts = np.arange(start_points, len(settings) + 1)
    columns = {"problem": problem.name, "rule": rule, "seed": seed, "evaluations": counts, "regret": regret, "seconds": seconds}
    return pd.DataFrame(columns)


def final(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the last row of each run of `compare_rules`, with log10 of its regret."""
    last = frame[frame.evaluations == frame.groupby("problem").evaluations.transform("max")].drop(columns="seconds")
    return last.assign(**{"log10 regret": np.log10(last.regret.clip(lower=LEAST))}).reset_index(drop=True)


def curves(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return mean and 95 % interval over the seeds of "regret" or "log10 regret", for each problem, rule and evaluation."""
    frame = frame.assign(**{"log10 regret": np.log10(frame.regret.clip(lower=LEAST))})
    rows = []
    for labels, group in frame.groupby(["problem", "rule", "evaluations"], sort=False):
        low, high = student_interval(group[measure])
        names = dict(zip(["problem", "rule", "evaluations"], labels, strict=True))
        rows.append(names | {"n": len(group), measure: group[measure].mean(), "low": low, "high": high})
    return pd.DataFrame(rows)


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each problem and rule of `final`: mean regret and its standard error, median, largest, mean log10.

    The last is left out where `runs` has no "log10 regret".
    """
    groups = runs.groupby(["problem", "rule"], sort=False)
    columns = {"n": ("seed", "count"), "mean regret": ("regret", "mean"), "standard error": ("regret", "sem")}
    columns |= {"median": ("regret", "median"), "largest": ("regret", "max")}
    columns |= {"mean log10": ("log10 regret", "mean")} if "log10 regret" in runs else {}
    return groups.agg(**columns).reset_index()


def against(runs: pd.DataFrame, measure: str, margin: float) -> pd.DataFrame:
    """Return by how much TS-RSR differs from each other rule, paired over the seeds: `paired_comparison`, for each problem.

    Columns: "problem", "rule" (the other), "n", "difference" (TS-RSR less the other), "low", "high", "outcome" of TS-RSR.
    """
    table, parts = runs.rename(columns={"rule": "selector"}), []
    for other in dict.fromkeys(runs.rule):
        if other != COMPARED:
            pair = table[table.selector.isin([COMPARED, other])]
            parts.append(paired_comparison(pair, measure, other, margin, within=["problem"], higher_is_better=False))
    found = pd.concat(parts, ignore_index=True).rename(columns={"baseline": "rule"})
    return found[["problem", "rule", "n", "difference", "low", "high", "outcome"]]


def costs(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the seconds of a proposal of each rule on each problem: median and largest over rounds and seeds."""
    groups = frame.dropna(subset=["seconds"]).groupby(["problem", "rule"], sort=False).seconds
    return groups.agg(**{"median seconds": "median", "largest": "max"}).reset_index()
