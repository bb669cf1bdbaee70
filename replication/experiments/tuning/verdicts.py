"""Verdicts on the rules, from the tables of `regret`, and those tables in words."""

import pandas as pd

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE
from replication.evaluation.interval import student_interval
from replication.experiments.tuning.regret import COMPARED
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED

ENOUGH = 10  # paired runs, below which nothing is concluded
MAGNITUDE = 1.0  # of log10 regret


def verdict_on_rule(comparison: pd.DataFrame, other: str, margin: float, unit: str) -> tuple[str, str]:
    """Return verdict and evidence on "TS-RSR ends with a smaller regret than `other`".

    HOLDS if it is better on every problem. FAILS if it is worse on one, or better on none and no different (the whole 95 %
    interval within the margin) on one. CAVEAT if it is better on some and worse on none. UNTESTABLE if all are undecided,
    UNTESTED with fewer than ten paired runs or without the rule. Each interval stands for itself.

    Args:
        comparison: as `regret.against` returns it.
        other: the rule.
        margin: that the comparison was made with.
        unit: of the differences, in words.
    """
    rows = comparison[comparison.rule == other]
    if rows.empty:
        return UNTESTED, f"this run has no rule {other!r}"
    parts = [f"{r.problem} {r.difference:+.2f} [{r.low:.2f}, {r.high:.2f}]: {r.outcome}" for r in rows.itertuples()]
    if rows.n.min() < ENOUGH:
        found = ", ".join(f"{r.problem} {r.difference:+.2f}" for r in rows.itertuples())
        return UNTESTED, f"fewer than {ENOUGH} paired runs (n={rows.n.min()}); {unit} of {COMPARED} less {other}: {found}"
    evidence = f"{unit} of {COMPARED} less {other}, 95 % interval, n={rows.n.min()}, margin ±{margin:g}: {'; '.join(parts)}"
    counts = rows.outcome.value_counts()
    if (rows.outcome == BETTER).all():
        return HOLDS, evidence
    if WORSE in counts or (BETTER not in counts and SAME in counts):
        return FAILS, evidence
    return (CAVEAT if BETTER in counts else UNTESTABLE), evidence


def verdict_on_magnitude(runs: pd.DataFrame, other: str) -> tuple[str, str]:
    """Return verdict and evidence on "TS-RSR's regret is on average a tenth of that of `other`, or less".

    The mean over the functions of log10 regret, `other` less TS-RSR, paired over the seeds: HOLDS if its 95 % interval lies
    above 1, FAILS if below, UNTESTABLE if it holds 1; UNTESTED with fewer than ten paired runs or without the rule.

    Args:
        runs: as `regret.final` returns it.
        other: the rule.
    """
    if other not in set(runs.rule):
        return UNTESTED, f"this run has no rule {other!r}"
    means = runs.groupby(["rule", "seed"])["log10 regret"].mean().unstack("rule")
    gain = means[other] - means[COMPARED]
    number = f"regret of {other} over that of {COMPARED}: 10^{gain.mean():.2f} = {10 ** gain.mean():.2g} times"
    if len(gain) < ENOUGH:
        return UNTESTED, f"fewer than {ENOUGH} paired runs (n={len(gain)}); {number}"
    low, high = student_interval(gain)
    evidence = f"{number} (geometric mean over {', '.join(dict.fromkeys(runs.problem))}; 95 % interval of the exponent"
    evidence += f" {low:.2f} to {high:.2f}, n={len(gain)})"
    if low > MAGNITUDE:
        return HOLDS, evidence
    return (FAILS if high < MAGNITUDE else UNTESTABLE), evidence


def regret_in_words(summary: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """Return one sentence (Markdown) on which rule ends lowest, and how often TS-RSR beats each other rule."""
    lowest = summary.loc[summary.groupby("problem", sort=False)["mean log10"].idxmin()]
    counts = lowest.rule.value_counts(sort=False)
    parts = [f"{rule} ends lowest on {', '.join(lowest.problem[lowest.rule == rule])}" for rule in counts.index]
    return f"**By the mean of log10 regret {'; '.join(parts)}. {_outcomes(comparison)}**"


def settings_in_words(summary: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """Return one sentence (Markdown) on the settings that each rule found for free embeddings; regrets are log2 of updates."""
    parts = [f"{rule} {2**regret:.2f}" for rule, regret in zip(summary.rule, summary["mean regret"], strict=True)]
    return f"**Times as many updates as the best setting needs (geometric mean): {', '.join(parts)}. {_outcomes(comparison)}**"


def landscape_in_words(table: pd.DataFrame, limit: int) -> str:
    """Return in words in how many settings all starts, and in how many none, came near the optimum, and the best setting."""
    groups = table.groupby(["lr", "k", "hardness"])
    most, least, mean = groups.updates.max(), groups.updates.min(), groups.updates.mean()
    lr, k, hardness = mean.idxmin()
    return (
        f"**Of {len(most)} settings {int((most < limit).sum())} arrive from all starts within {limit} updates and "
        f"{int((least >= limit).sum())} from none; fastest is lr = {lr:g}, k = {k:g}, hardness {hardness:g}, with "
        f"{mean.min():.0f} updates on average over {int(groups.size().min())} starts.**"
    )


def _outcomes(comparison: pd.DataFrame) -> str:
    """Return in words how often TS-RSR came out better and worse than each other rule."""
    parts = []
    for rule, rows in comparison.groupby("rule", sort=False):
        counts = {word: int((rows.outcome == word).sum()) for word in (BETTER, WORSE, SAME, UNDECIDED)}
        said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        parts.append(f"{rule}: {said}")
    return f"{COMPARED} against the others, paired over n={int(comparison.n.min())} runs: {'; '.join(parts)}."
