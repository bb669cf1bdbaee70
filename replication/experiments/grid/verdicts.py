"""Verdicts on claims about trained networks, from paired comparisons over seeds."""

from collections.abc import Callable

import pandas as pd

from replication.evaluation import paired_comparison
from replication.evaluation.comparison import BETTER, SAME, WORSE
from replication.experiments.grid.records import UNTRAINED
from replication.reporting.run import CAVEAT, FAILS, FAILS_HERE, HOLDS, UNTESTABLE, UNTESTED

LEARNED = 5.0  # margins above the untrained network,
ABOVE_CHANCE = 10.0  # or times chance, that the best of the compared methods must reach before differences count
VARIANTS = (" (exp)", ", as released", ", whole set")  # of a method, by which a run may stand for it

Learned = Callable[[pd.DataFrame, str, float], tuple[bool, str]]


def standing_for(name: str, methods: list[str]) -> str:
    """Return `name`, or the variant of it, such as "SC (exp)" for "SC", that is among `methods`; milder ones do not count.

    Objectives have variants too: "sogclr, as released".
    """
    return next((variant for variant in (name, *(name + suffix for suffix in VARIANTS)) if variant in methods), name)


def beats_untrained(runs: pd.DataFrame, measure: str, margin: float) -> tuple[bool, str]:
    """Return whether the best of the methods lies five margins above the untrained networks in `measure` (%), and the numbers.

    Otherwise differences between methods say nothing about what they would do to a network that learns. The best of them
    counts: a method that ruins a network must not hide that.
    """
    means = runs.groupby("selector", sort=False)[measure].mean()
    best = means.drop(UNTRAINED).idxmax()
    words = f"untrained {means[UNTRAINED]:.2f}"
    return bool(means[best] >= means[UNTRAINED] + LEARNED * margin), words


def beats_chance(chance: float) -> Learned:
    """Return a judge like `beats_untrained`: whether the best of the methods reaches ten times chance (%)."""

    def judge(runs: pd.DataFrame, measure: str, margin: float) -> tuple[bool, str]:
        """Return whether the best of the methods reaches ten times chance, and the numbers."""
        means = runs.groupby("selector", sort=False)[measure].mean()
        return bool(means.max() >= ABOVE_CHANCE * chance), f"by chance {chance:.2g}"

    return judge


def verdict_on_selectors(
    runs: pd.DataFrame,
    measure: str,
    first: str,
    others: list[str],
    margin: float,
    setting: str,
    learned: Learned = beats_untrained,
) -> tuple[str, str]:
    """Return the verdict and the evidence on "`first` gives a larger `measure` than each of `others`".

    HOLDS if it is better than all of them; FAILS if it is worse than one, or no different (the 95 % interval of the paired
    difference lies within ± `margin`); CAVEAT if better than some and undecided against the rest; UNTESTABLE if all are
    undecided, with fewer than two seeds, or if none of these methods has learned in this measure. Every interval stands for
    itself (no correction for several) and covers seeds, not other test sets. Where some of the others were not trained, the
    rest can refute the claim, and else it is UNTESTED.

    Args:
        runs: `Results.runs` of one objective.
        measure: a column of it, in %.
        first, others: names of methods.
        margin: in percentage points, stated beforehand.
        setting: what was trained, in words, for the evidence.
        learned: tells whether the compared networks have learned, and the numbers in words.
    """
    missing = [name for name in (first, *others) if name not in set(runs.selector)]
    lacking = f"this run trained no network with {', '.join(missing)}"
    if first in missing or set(others) <= set(missing):
        return UNTESTED, f"{lacking} ({setting})"
    others = [name for name in others if name not in missing]
    compared = runs[runs.selector.isin([first, *others, UNTRAINED])]
    enough, words = learned(compared, measure, margin)
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
        return UNTESTABLE, f"{evidence}: too little was learned in this measure"
    if missing:
        refuted = any(outcome in (WORSE, SAME) for outcome in outcomes)
        return (FAILS if refuted else UNTESTED), f"{evidence}; {lacking}"
    if all(outcome == BETTER for outcome in outcomes):
        return HOLDS, evidence
    if any(outcome in (WORSE, SAME) for outcome in outcomes):
        return FAILS, evidence
    return (CAVEAT if BETTER in outcomes else UNTESTABLE), evidence


def shared_seeds(runs: pd.DataFrame, methods: list[str]) -> int:
    """Return of how many seeds all of some methods have networks in `Results.runs` of one objective: n of a comparison."""
    seeds = [set(runs.seed[runs.selector == name]) for name in methods]
    return len(set.intersection(*seeds))


def combined(found: list[tuple[str, str]]) -> tuple[str, str]:
    """Return one verdict on a claim that was judged several times, as at several severities, with all the evidence.

    FAILS if one of them fails and none holds. HOLDS only if all of them hold: beside one that fails, or that could not be
    judged, it is CAVEAT. What could not be judged comes last in the evidence.
    """
    found = list(dict.fromkeys(found))  # a method that was not trained is missing in the same words every time
    open_ = [words for verdict, words in found if verdict in (UNTESTED, UNTESTABLE)]
    judged = [words for verdict, words in found if verdict not in (UNTESTED, UNTESTABLE)]
    decided = {verdict for verdict, _ in found} - {UNTESTED, UNTESTABLE}
    if not decided:
        return (UNTESTABLE if any(verdict == UNTESTABLE for verdict, _ in found) else UNTESTED), " | ".join(open_)
    evidence = " | ".join(judged) + (f" | no judgement: {' | '.join(open_)}" if open_ else "")
    return (FAILS if decided == {FAILS} else HOLDS if decided == {HOLDS} and not open_ else CAVEAT), evidence


def at_this_size(share: float, verdict: str, evidence: str) -> tuple[str, str]:
    """Return the verdict of a run that made a `share` of the published number of updates; the evidence says the share.

    Below 1, HOLDS becomes CAVEAT and FAILS becomes FAILS_HERE: such a run cannot speak for the published one.
    """
    if share >= 1:
        return verdict, evidence if verdict == UNTESTED else f"at the published number of updates: {evidence}"
    verdict = {HOLDS: CAVEAT, FAILS: FAILS_HERE}.get(verdict, verdict)
    return verdict, f"at {100 * share:.2g} % of the published number of updates: {evidence}"


def _interval(row: pd.Series) -> str:
    return f" [{row.low:.2f}, {row.high:.2f}]" if row.n > 1 else ""


def verdict_elsewhere(used: str, needed: str, verdict: str, evidence: str, command: str) -> tuple[str, str]:
    """Return a verdict as it is if the run used the data that the claim is about, else UNTESTED with its numbers.

    `command`, which says how to run what is missing, is part of the evidence of UNTESTED.
    """
    if used == needed:
        return verdict, f"{evidence}; not run: {command}" if verdict == UNTESTED else evidence
    return UNTESTED, f"needs {needed}: {command}; here: {evidence}"
