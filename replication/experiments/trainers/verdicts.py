"""What all trainings say together."""

import pandas as pd

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE, paired_comparison
from replication.experiments.trainers.finetuning import TINY, UNTRAINED
from replication.reporting.run import FAILS, HOLDS, UNTESTABLE, UNTESTED

MEASURES = ("R@1", "R@10", "loss / ln B")
FRESH = 5  # seeds below it suggested a claim, and do not judge it
FEWEST_RATES = 3
ENOUGH = 3  # paired seeds, below which nothing is concluded
MILD, HARDER = "SwapSearch, k 10", "SwapSearch, k 40"
QUARTER = f"{MILD}, hardness 0.25"


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """Return mean and sd over the seeds of each way to choose batches, [methods]."""
    rows = []
    for selector, group in runs.groupby("selector", sort=False):
        row = {"selector": selector, "n": len(group)}
        for name in MEASURES:
            row |= {name: group[name].mean(), f"{name} sd": group[name].std()}
        rows.append(row)
    return pd.DataFrame(rows)


def against_shuffled(runs: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Return every other way against shuffled batches, paired over the seeds, for both measures."""
    trained = runs[runs.selector != UNTRAINED]
    parts = [paired_comparison(trained, name, "SGD", margin).assign(measure=name) for name in ("R@10", "R@1")]
    return pd.concat(parts, ignore_index=True)


def verdict_on_any(comparison: pd.DataFrame, p: dict) -> tuple[str, str]:
    """Return verdict and evidence on "some way to choose batches of 32 improves R@10 over shuffled ones".

    HOLDS if one is better; FAILS if each is worse or no different; else UNTESTABLE. UNTESTED with made-up captions, the tiny
    transformer, other batch sizes, or fewer than three seeds.
    """
    rows = comparison[comparison.measure == "R@10"]
    evidence = _evidence(rows, p)
    if _not_this(rows, p, 32):
        return UNTESTED, f"{_not_this(rows, p, 32)}; {evidence}"
    if (rows.outcome == BETTER).any():
        return HOLDS, evidence
    return (UNTESTABLE if (rows.outcome == UNDECIDED).any() else FAILS), evidence


def verdict_on_quarter(comparison: pd.DataFrame, p: dict) -> tuple[str, str]:
    """Return verdict and evidence on "with a quarter of hard batches R@10 is no worse than with shuffled ones".

    HOLDS if it is better or no different, FAILS if it is worse, UNTESTABLE if undecided; UNTESTED as above, or without it.
    """
    verdicts = {BETTER: HOLDS, SAME: HOLDS, WORSE: FAILS, UNDECIDED: UNTESTABLE}
    return _verdict_on_one(comparison, p, QUARTER, 32, verdicts)


def verdict_on_small(comparison: pd.DataFrame, p: dict) -> tuple[str, str]:
    """Return verdict and evidence on "mildly hard batches of 8 improve R@10 over shuffled ones".

    HOLDS if they are better, FAILS if they are worse or no different, UNTESTABLE if undecided; UNTESTED as above, or without
    them. Heads on frozen towers gain by them; this asks the same of a whole network that tells pairs apart from the start.
    """
    return _verdict_on_one(comparison, p, MILD, 8, {BETTER: HOLDS, SAME: FAILS, WORSE: FAILS, UNDECIDED: UNTESTABLE})


def verdict_on_fresh(comparison: pd.DataFrame, p: dict) -> tuple[str, str]:
    """Return verdict and evidence on "harder batches of 8 improve R@1 over shuffled ones", by seeds from `FRESH` on.

    HOLDS if they are better, FAILS if they are worse or no different, UNTESTABLE if undecided; UNTESTED as above, or with
    seeds that the claim was made from.
    """
    if p["first_seed"] < FRESH:
        return UNTESTED, f"the claim was made from the seeds below {FRESH}; this run begins with seed {p['first_seed']}"
    return _verdict_on_one(comparison, p, HARDER, 8, {BETTER: HOLDS, SAME: FAILS, WORSE: FAILS, UNDECIDED: UNTESTABLE}, "R@1")


def verdict_on_tuned(comparison: pd.DataFrame, p: dict) -> tuple[str, str]:
    """Return verdict and evidence on "harder batches of 8 improve R@1 also at the learning rate that suits shuffled ones".

    As `verdict_on_fresh`; UNTESTED too where fewer than `FEWEST_RATES` learning rates were tried for shuffled batches.
    """
    if len(p["rates"]) < FEWEST_RATES:
        return UNTESTED, f"fewer than {FEWEST_RATES} learning rates were tried for shuffled batches"
    verdict, evidence = verdict_on_fresh(comparison, p)
    edge = ", the smallest tried" if p["lr"] == min(p["rates"]) else ", the largest tried" if p["lr"] == max(p["rates"]) else ""
    return verdict, f"learning rate {p['lr']:g}{edge}; {evidence}"


def _verdict_on_one(
    comparison: pd.DataFrame, p: dict, method: str, batch_size: int, verdicts: dict, measure: str = "R@10"
) -> tuple[str, str]:
    """Return the verdict that the outcome of one method in one measure has, and the evidence."""
    rows = comparison[(comparison.measure == measure) & (comparison.selector == method)]
    if rows.empty:
        return UNTESTED, f"this run has no method {method!r}"
    evidence = _evidence(rows, p)
    if _not_this(rows, p, batch_size):
        return UNTESTED, f"{_not_this(rows, p, batch_size)}; {evidence}"
    return verdicts[rows.outcome.iloc[0]], evidence


def _not_this(rows: pd.DataFrame, p: dict, batch_size: int) -> str:
    """Return why a run says nothing about a claim on batches of a size, or nothing."""
    if p["captions"] != "flickr8k" or p["model"] == TINY or p["batch_size"] != batch_size:
        return f"{p['captions']} captions, model {p['model']}, B = {p['batch_size']}"
    few = rows.empty or rows.n.min() < ENOUGH
    return f"fewer than {ENOUGH} seeds, or nothing to compare" if few else ""


def _evidence(rows: pd.DataFrame, p: dict) -> str:
    if rows.empty:
        return "no other method than shuffled batches"
    shown = [
        f"{r.selector} {r.difference:+.2f}" + (f" [{r.low:.2f}, {r.high:.2f}]: {r.outcome}" if r.n > 1 else "")
        for r in rows.itertuples()
    ]
    measure = f"{rows.measure.iloc[0]} less that of shuffled batches, in points"
    return f"{measure}, n={rows.n.min()}, margin ±{p['margin']:g}: {'; '.join(shown)}"


def in_words(summary: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """Return in one sentence (Markdown) what R@10 each way reached, and how it compares with shuffled batches."""
    outcome = comparison[comparison.measure == "R@10"].set_index("selector").outcome
    parts = [f"{r.selector} {value:.1f} %" for r, value in zip(summary.itertuples(), summary["R@10"], strict=True)]
    said = "; ".join(f"{selector}: {words}" for selector, words in outcome.items())
    return f"**R@10 among test captions: {', '.join(parts)}. Against shuffled batches: {said}.**"
