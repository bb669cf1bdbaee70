"""Verdicts on claims about trained networks, from paired comparisons over seeds."""

from collections.abc import Callable

import pandas as pd

from replication.evaluation import paired_comparison
from replication.evaluation.comparison import BETTER, SAME, WORSE
from replication.results import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED
from replication.trials.records import UNTRAINED

LEARNED = 2.0  # times the accuracy of the untrained network,
ABOVE_CHANCE = 10.0  # or times chance, that networks must reach before differences between methods count


def standing_for(name: str, methods: list[str]) -> str:
    """Return the first of `methods` that is a variant of a claim's method, such as "SC (exp)" for "SC"; or `name` itself."""
    variants = [method for method in methods if method == name or method.startswith((f"{name} (", f"{name}, "))]
    return variants[0] if variants else name


def beats_untrained(runs: pd.DataFrame, measure: str = "kNN") -> tuple[bool, str]:
    """Return whether every method's networks clearly beat the untrained ones, and the numbers in words.

    Clearly: the mean of `measure` (%) is at least twice that of the untrained networks. Otherwise differences between methods
    say nothing about what they would do to a network that learns.
    """
    means = runs.groupby("selector", sort=False)[measure].mean()
    trained = means.drop(UNTRAINED)
    worst = trained.idxmin()
    words = f"{measure} {trained[worst]:.1f} % ({worst}, the lowest) against {means[UNTRAINED]:.1f} % untrained"
    return bool(trained.min() >= LEARNED * means[UNTRAINED]), words


def beats_chance(runs: pd.DataFrame, measure: str, chance: float) -> tuple[bool, str]:
    """Return whether every method's networks reach ten times chance (%) in the mean of `measure`, and the numbers in words."""
    trained = runs.groupby("selector", sort=False)[measure].mean()
    worst = trained.idxmin()
    words = f"{measure} {trained[worst]:.2f} % ({worst}, the lowest) against {chance:.2g} % by chance"
    return bool(trained.min() >= ABOVE_CHANCE * chance), words


def verdict_on_selectors(
    runs: pd.DataFrame,
    measure: str,
    first: str,
    others: list[str],
    margin: float,
    setting: str,
    learned: Callable[[pd.DataFrame], tuple[bool, str]] = beats_untrained,
) -> tuple[str, str]:
    """Return the verdict and the evidence on "`first` gives a larger `measure` than each of `others`".

    HOLDS if it is better than all of them; FAILS if it is worse than one, or no different (the 95 % interval of the paired
    difference lies within ± `margin`); CAVEAT if better than some and undecided against the rest; UNTESTABLE if all are
    undecided, with fewer than two seeds, or if the networks have not learned.

    Args:
        runs: `Results.runs` of one objective.
        measure: a column of it, in %.
        first, others: names of methods.
        margin: in percentage points, stated beforehand.
        setting: what was trained, in words, for the evidence.
        learned: tells whether the networks have learned, and the numbers in words.
    """
    missing = [name for name in (first, *others) if name not in set(runs.selector)]
    if missing:
        return UNTESTED, f"this run trained no network with {', '.join(missing)} ({setting})"
    enough, words = learned(runs)
    outcomes, parts = [], []
    for other in others:
        table = paired_comparison(runs, measure, other, margin)
        row = table[table.selector == first].iloc[0]
        outcomes.append(row.outcome)
        parts.append(
            f"{row['mean']:.2f} against {row['baseline mean']:.2f} of {other}"
            f" ({row.difference:+.2f}{_interval(row)}, n={row.n}: {row.outcome})"
        )
    evidence = f"{setting}: {measure} of {first}, %: {'; '.join(parts)}; margin ±{margin:g} percentage points; {words}"
    if not enough:
        return UNTESTABLE, f"{evidence}: too little was learned to compare methods"
    if all(outcome == BETTER for outcome in outcomes):
        return HOLDS, evidence
    if any(outcome in (WORSE, SAME) for outcome in outcomes):
        return FAILS, evidence
    return (CAVEAT if BETTER in outcomes else UNTESTABLE), evidence


def _interval(row: pd.Series) -> str:
    return f" [{row.low:.2f}, {row.high:.2f}]" if row.n > 1 else ""


def verdict_elsewhere(used: str, needed: str, verdict: str, evidence: str, command: str) -> tuple[str, str]:
    """Return a verdict as it is if the run used the data that the claim is about, else UNTESTED with its numbers.

    `command` says how to run it on those data.
    """
    if used == needed:
        return verdict, evidence
    return UNTESTED, f"needs {needed}: {command}; here: {evidence}"
