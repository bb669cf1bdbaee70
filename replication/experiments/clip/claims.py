"""The claims on fine-tuning with chosen batches: which methods they compare, on which data; and their verdicts."""

from typing import NamedTuple

import pandas as pd

from replication.datasets.pairs import PHOTOGRAPHS
from replication.experiments.grid.verdicts import (
    Learned,
    beats_chance,
    combined,
    shared_seeds,
    standing_for,
    verdict_elsewhere,
    verdict_on_selectors,
)

OBJECTIVE = "clip"
# All those measures that a run has are judged, see `combined`.
MEASURES = ("mean R@1", "mean R@1, recalibrated")
OF_HEADS = ("mean R@10", "mean R@10, recalibrated")  # what 07_map measures of heads on frozen towers
NEEDED = "flickr8k"  # what a run without photographs is told to use


class Claim(NamedTuple):
    """Networks fine-tuned with `method` retrieve better than those fine-tuned with shuffled batches of the same size.

    `name` is its entry in claims.yaml; `profiles` would test it.
    """

    name: str
    method: str
    batch_size: int = 32
    measures: tuple[str, ...] = MEASURES
    profiles: str = "`python -m replication run clip --profile cpu --publish` (or gpu)"


SMALL = "`python -m replication run clip --profile cpu-small --publish`"
CLAIMS = (
    Claim("clip-finetuning", "SC"),
    Claim("clip-osgd", "OSGD"),
    Claim("clip-harder", "SwapSearch"),
    Claim("clip-small", "SwapSearch, k 10", 8, OF_HEADS, SMALL),
    Claim("clip-small-quarter", "SwapSearch, k 10, hardness 0.25", 8, OF_HEADS, SMALL),
)


def judge(
    runs: pd.DataFrame, source: str, batch_size: int, tests: int, margin: float, setting: str
) -> list[tuple[str, str, str, int]]:
    """Return (name, verdict, evidence, n) of each of `CLAIMS`, as `Run.claim` takes them; n: seeds that were compared.

    Args:
        runs: `Results.trained`; a variant of a method may stand for it, see `standing_for`. The claims are about open_clip's
            loss; of a run without it, the first objective is judged, and named in the evidence.
        source, batch_size: what was trained on. Without photographs, or at another batch size, a claim is UNTESTED.
        tests: number of test images, by which the R@1 of chance is known.
        margin: percentage points within which a difference is none.
        setting: what was trained, in words, for the evidence.
    """
    objectives = list(dict.fromkeys(runs.objective))
    objective = OBJECTIVE if OBJECTIVE in objectives else objectives[0]
    mine = runs[runs.objective == objective]
    photographs = source if source in PHOTOGRAPHS else NEEDED
    found = []
    for claim in CLAIMS:
        first, other = (standing_for(name, list(mine.selector)) for name in (claim.method, "SGD"))
        each = [
            verdict_on_selectors(mine, measure, first, [other], margin, f"{objective}, {setting}", _learned(measure, tests))
            for measure in claim.measures
            if measure in mine
        ]
        used, needed = f"{source}, B={batch_size}", f"{photographs}, B={claim.batch_size}"
        verdict, evidence = verdict_elsewhere(used, needed, *combined(each), claim.profiles)
        found.append((claim.name, verdict, evidence, shared_seeds(mine, [first, other])))
    return found


def _learned(measure: str, tests: int) -> Learned:
    """Return the judge of whether networks have learned: R@k of chance is k out of `tests` images."""
    return beats_chance(100 * int(measure.partition("@")[2].partition(",")[0]) / tests)
