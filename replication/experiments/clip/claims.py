"""The claims on fine-tuning with chosen batches: which methods they compare, on which data; and their verdicts."""

from typing import NamedTuple

import pandas as pd

from replication.datasets.pairs import PHOTOGRAPHS
from replication.experiments.grid.verdicts import (
    beats_chance,
    combined,
    standing_for,
    verdict_elsewhere,
    verdict_on_selectors,
)

OBJECTIVE = "clip"
MEASURES = ("mean R@1", "mean R@1, recalibrated")  # all that a run has are judged, see `combined`
NEEDED = "flickr8k"  # what a run without photographs is told to use
COMMAND = "`python -m replication run clip --profile cpu --publish` (or gpu)"


class Claim(NamedTuple):
    """Networks fine-tuned with `method` retrieve better than those fine-tuned with shuffled batches.

    `name` is its entry in claims.yaml.
    """

    name: str
    method: str


CLAIMS = (Claim("clip-finetuning", "SC"), Claim("clip-osgd", "OSGD"), Claim("clip-harder", "SwapSearch"))


def judge(runs: pd.DataFrame, source: str, tests: int, margin: float, setting: str) -> list[tuple[str, str, str]]:
    """Return (name, verdict, evidence) of each of `CLAIMS`, as `Run.claim` takes them.

    Args:
        runs: `Results.trained`; a variant of a method may stand for it, see `standing_for`. The claims are about open_clip's
            loss; of a run without it, the first objective is judged, and named in the evidence.
        source: what was trained on. Without photographs every claim is UNTESTED.
        tests: number of test images, by which the R@1 of chance is known.
        margin: percentage points within which a difference is none.
        setting: what was trained, in words, for the evidence.
    """
    objectives = list(dict.fromkeys(runs.objective))
    objective = OBJECTIVE if OBJECTIVE in objectives else objectives[0]
    mine = runs[runs.objective == objective]
    needed, learned = source if source in PHOTOGRAPHS else NEEDED, beats_chance(100 / tests)
    found = []
    for claim in CLAIMS:
        first, other = (standing_for(name, list(mine.selector)) for name in (claim.method, "SGD"))
        each = [
            verdict_on_selectors(mine, measure, first, [other], margin, f"{objective}, {setting}", learned)
            for measure in MEASURES
            if measure in mine
        ]
        found.append((claim.name, *verdict_elsewhere(source, needed, *combined(each), COMMAND)))
    return found
