"""The verdicts of 08_neighbours: (claim, verdict, evidence, table) each; the notebook states the rules."""

import pandas as pd

from replication.experiments.neighbours import noise_ratios
from replication.experiments.neighbours.query_verdicts import judge_gains, judge_methods
from replication.experiments.neighbours.survival_verdicts import judge_memory, judge_pairs, judge_partition
from replication.experiments.neighbours.verdicts import judge_clients, judge_order, judge_ratios, judge_slopes
from replication.reporting.run import UNTESTED

HARD = ["SC", "SwapSearch"]
OFTEN = 8  # local steps between averagings up to which clients average often
Claim = tuple[str, str, str, str]


def of_survival(table: pd.DataFrame) -> list[Claim]:
    """Return the verdicts on which losses survive mini-batches, from `survival_table`."""
    judged = {"pairwise-losses": judge_pairs, "sogclr-memory": judge_memory, "fixed-batches-dual": judge_partition}
    return [(claim, *judge(table), "survival") for claim, judge in judged.items()]


def of_anchors(ends: pd.DataFrame, margin: float) -> list[Claim]:
    """Return the verdicts on worst-case anchors, from `compare_methods`."""
    chain = [("NSTORM", "moving average"), ("moving average", "plug-in")]
    judged = {
        "nstorm": judge_order(ends, chain, margin),
        "ada-nstorm": judge_order(ends, [("ADA-NSTORM", "NSTORM")], margin),
        "storm-slope": judge_slopes(ends),
    }
    return [(claim, *judgement, "anchors") for claim, judgement in judged.items()]


def of_clients(ends: pd.DataFrame, periods: list[int]) -> list[Claim]:
    """Return the verdicts on clients that never meet, from `compare_clients`."""
    judged = {
        "shared-dual": judge_clients(ends, [q for q in periods if q <= OFTEN]),
        "shared-dual-rarely": judge_clients(ends, [max(periods)]),
    }
    return [(claim, *judgement, "clients") for claim, judgement in judged.items()]


def of_noise(noisy: pd.DataFrame, variates: pd.DataFrame) -> list[Claim]:
    """Return the verdicts on the noise of gradients, from `noise_of_seed` and `view_noise_of_seed`."""
    what = "relative noise of SGD over that of a selector"
    hard = judge_ratios(noise_ratios.of_selectors(noisy), what, [f"SGD / {name}" for name in HARD])
    judged = {"hard-noise": hard}
    for claim, measure, correction, selectors, limit in (
        ("snapshot-bias", "bias", "embeddings", HARD, 0.5),
        ("snapshot-noise", "total", "embeddings", ["SGD"], 1.0),
        ("snapshot-gradients", "total", "gradients", ["SGD"], 0.5),
    ):
        ratio = noise_ratios.of_snapshot(noisy, measure, correction, selectors)
        what = f"{'bias' if measure == 'bias' else 'variance'} with the snapshot's {correction} over that without"
        judged[claim] = judge_ratios(ratio, what, limit=limit)
    ratio = noise_ratios.of_variates(variates).iloc[1:]  # the first compares with no variate at all
    amortised = ("amortised-variate", *judge_ratios(ratio, "variance left, one variate over another"), "variates")
    return [*((claim, *judgement, "noise") for claim, judgement in judged.items()), amortised]


def of_queries(table: pd.DataFrame, source: str, margin: float) -> list[Claim]:
    """Return the verdicts on the classification of query batches, from `query_table`; the claims are about digits."""
    few, every = table.classes.min(), table.classes.max()
    judged = {
        "queries-few": judge_methods(table, few, [("soft", "zero-shot"), ("hard", "zero-shot")], margin),
        "queries-all": judge_methods(table, every, [("zero-shot", "soft"), ("zero-shot", "hard")], margin),
        "queries-labelled": judge_methods(table, few, [("few-shot, soft", "few-shot"), ("few-shot, hard", "few-shot")], margin),
        "queries-hard-training": judge_gains(table, few, "hard", HARD, margin),
    }
    if source != "digits":
        judged = {claim: (UNTESTED, f"{source}: {verdict}; {text}") for claim, (verdict, text) in judged.items()}
    return [(claim, *judgement, "queries") for claim, judgement in judged.items()]
