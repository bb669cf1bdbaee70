"""The claims on pre-training with chosen batches: which methods, by which measures, on which data; and their verdicts."""

from typing import NamedTuple

import pandas as pd

from replication.experiments.grid.verdicts import (
    at_this_size,
    combined,
    shared_seeds,
    standing_for,
    verdict_elsewhere,
    verdict_on_selectors,
)

BATCH_SIZE = 32  # of the paper's main table
UPDATES = {"cifar100": 100 * (50_000 // 32), "tiny-imagenet": 100 * (100_000 // 32)}  # published: 100 epochs of N/B
PROFILES = {"cifar100": "gpu", "tiny-imagenet": "gpu-tiny-imagenet"}  # what would test a claim that a run cannot

CORRUPTED = "corrupted R@1, severity {}"
SNAPSHOT = "simclr, snapshot"


class Claim(NamedTuple):
    """The networks of `first` are better than those of each of `others`, in every measure that `measure` stands for.

    `name` is its entry in claims.yaml; `measure` a column of `Results.runs`, with a place for each severity or without one.
    The others are trained with the objective `against`, if that is given, and else with the same; `profile` would test it.
    """

    name: str
    objective: str
    first: str
    others: list[str]
    measure: str
    data: str = "cifar100"
    against: str = ""
    profile: str = ""


CLAIMS = (
    Claim("cifar-simclr", "simclr", "SC", ["SGD", "OSGD"], CORRUPTED),
    Claim("cifar-sogclr", "sogclr", "SC", ["SGD", "OSGD"], CORRUPTED),
    Claim("cifar-original", "simclr", "SC", ["SGD", "OSGD"], "R@1"),
    Claim("tiny-imagenet", "simclr", "SC", ["SGD", "OSGD"], CORRUPTED, "tiny-imagenet"),
    Claim("cifar-harder", "simclr", "SwapSearch", ["SGD"], CORRUPTED),
    Claim("cifar-shuffled", "simclr", "SGD", ["SC", "SwapSearch"], CORRUPTED),
    Claim("cifar-recalibrated", "simclr", "SC", ["SGD", "OSGD"], f"{CORRUPTED}, recalibrated"),
    Claim("cifar-classes", "simclr", "SC", ["SGD"], "kNN"),
    Claim("cifar-snapshot", SNAPSHOT, "SC", ["SC"], CORRUPTED, against="simclr", profile="cpu-snapshot"),
    Claim("cifar-snapshot-shuffled", SNAPSHOT, "SC", ["SGD"], CORRUPTED, against="simclr", profile="cpu-snapshot"),
)


def judge(
    runs: pd.DataFrame, dataset: str, batch_size: int, updates: int, severities: list[int], margin: float, setting: str
) -> list[tuple[str, str, str, int]]:
    """Return (name, verdict, evidence, n) of each of `CLAIMS`, as `Run.claim` takes them; n: seeds that were compared.

    Args:
        runs: `Results.runs`; a variant of a method or of an objective may stand for it, see `standing_for`.
        dataset, batch_size: what was trained on. A claim about other data, or at another batch size, is UNTESTED.
        updates: of each training; fewer than published ones cannot speak for them, see `at_this_size`.
        severities: of the corruptions, each judged apart; see `combined`.
        margin: percentage points within which a difference is none.
        setting: what was trained, in words, for the evidence.
    """
    found = []
    for claim in CLAIMS:
        objective = standing_for(claim.objective, list(runs.objective))
        first, *others = (standing_for(name, list(runs.selector)) for name in (claim.first, *claim.others))
        mine = runs[runs.objective == objective]
        if claim.against:
            mine, first = _beside(runs, claim.against, mine, first), f"{first} ({objective})"
        measures = dict.fromkeys(claim.measure.format(severity) for severity in severities)
        words = f"{objective}, {setting}"
        each = [verdict_on_selectors(mine, measure, first, others, margin, words) for measure in measures]
        verdict, evidence = at_this_size(updates / UPDATES[claim.data], *combined(each))
        used, needed = f"{dataset}, B={batch_size}", f"{claim.data}, B={BATCH_SIZE}"
        command = f"`python -m replication run cifar --profile {claim.profile or PROFILES[claim.data]} --publish`"
        n = shared_seeds(mine, [first, *(name for name in others if name in set(mine.selector))])
        found.append((claim.name, *verdict_elsewhere(used, needed, verdict, evidence, command), n))
    return found


def _beside(runs: pd.DataFrame, against: str, mine: pd.DataFrame, first: str) -> pd.DataFrame:
    """Return the runs of the objective `against`, and those of `first` among `mine` under a name that tells the objective."""
    renamed = mine[mine.selector == first].assign(selector=mine.objective.radd(f"{first} (").add(")"))
    return pd.concat([runs[runs.objective == against], renamed])
