"""Verdicts on worst-case anchors, separate clients and gradient noise, from the tables over seeds.

Rules of comparisons over seeds: pairs share a seed. "Better", "worse", "no difference" and "undecided" are those of
`paired_comparison`. A claim of several comparisons HOLDS if all are better, FAILS if one is worse or no different, is
UNTESTABLE if all are undecided, and otherwise holds with a CAVEAT. Shares, ratios and slopes are judged by the ends of
Student's 95 % interval.
"""

import pandas as pd

from replication.evaluation import paired_comparison
from replication.evaluation.comparison import BETTER, SAME, WORSE
from replication.evaluation.interval import student_interval
from replication.experiments.neighbours.client_comparison import ADAPTIVE, DUAL, LOCAL, OPTIMUM
from replication.experiments.neighbours.noise_ratios import RATIO
from replication.experiments.neighbours.summaries import interval_in_words, over_seeds
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTABLE, UNTESTED

Judgement = tuple[str, str]

REACHED = 0.1  # share of the local optimum's gap up to which an encoder counts as at the full-batch optimum
STAYED = 0.5  # share above which it has not come near it


def judge_outcomes(outcomes: list[str]) -> str:
    """Return the verdict of several comparisons; see the module."""
    if all(outcome == BETTER for outcome in outcomes):
        return HOLDS
    if any(outcome in (WORSE, SAME) for outcome in outcomes):
        return FAILS
    return CAVEAT if BETTER in outcomes else UNTESTABLE


def judge_order(ends: pd.DataFrame, pairs: list[tuple[str, str]], margin: float) -> Judgement:
    """Judge "the first method of each pair ends nearer to the optimum than the second", from `compare_methods`' ends."""
    parts, outcomes = [], []
    for first, second in pairs:
        table = ends[ends.method.isin([first, second])].rename(columns={"method": "selector"})
        compared = paired_comparison(table, "gap", second, margin, within=["source"], higher_is_better=False)
        for row in compared.to_dict("records"):
            outcomes.append(row["outcome"])
            parts.append(
                f"{row['source']}, {first} {row['mean']:.2g} against {row['baseline mean']:.2g} of {second} "
                f"({row['difference']:+.2g} [{row['low']:.2g}, {row['high']:.2g}], n={row['n']}: {row['outcome']})"
            )
    return judge_outcomes(outcomes), f"gap to the full-batch optimum: {'; '.join(parts)}; margin {margin:g}"


def judge_slopes(ends: pd.DataFrame) -> Judgement:
    """Judge "the gradient norm falls faster with samples under NSTORM than under the moving average"."""
    parts, lows, highs = [], [], []
    for source, group in ends.groupby("source", sort=False):
        slopes = group.pivot(index="seed", columns="method", values="slope")
        low, high = student_interval(slopes["NSTORM"] - slopes["moving average"])
        means = ", ".join(f"{name} {slopes[name].mean():.2f}" for name in ("plug-in", "moving average", "NSTORM", "ADA-NSTORM"))
        parts.append(f"{source}: {means}; NSTORM less moving average [{low:.2f}, {high:.2f}], n={len(slopes)}")
        lows.append(low)
        highs.append(high)
    text = f"slope of log gradient norm against log samples, {' | '.join(parts)}; theory without convexity: -1/3 and -1/4"
    if any(pd.isna(lows)):
        return UNTESTED, text
    if all(high < 0 for high in highs):
        return HOLDS, text
    return (FAILS if any(low > 0 for low in lows) else UNTESTABLE), text


def judge_clients(ends: pd.DataFrame, periods: list[int]) -> Judgement:
    """Judge "clients with a shared dual reach the full-batch optimum at these q, with local negatives they do not".

    HOLDS if for every q the upper end of the share is at most 0.1 with the dual (FGDA and AdaFGDA), and the lower end at least
    0.5 with local negatives. CAVEAT if local negatives stay away and only one of the two methods arrives at every q.
    """
    rows = over_seeds(ends[ends.q.isin(periods)], ["method", "q"], ["share"])
    if rows.empty:
        return UNTESTED, f"no run with q = {', '.join(map(str, periods))}"
    parts = [f"{row['method']}, q={row['q']}: {interval_in_words(row, 'share')}" for row in rows.to_dict("records")]
    exact = ends[ends.method == OPTIMUM].gap.mean()
    text = (
        f"gap relative to that of the minimum of the local losses ({exact:.3g} above the full-batch optimum), n="
        f"{int(rows.n.min())}: {'; '.join(parts)}; arrived: up to {REACHED:g}"
    )
    if rows.n.min() < 2:
        return UNTESTED, text
    arrived = [(rows[rows.method == name]["share high"] <= REACHED).all() for name in (DUAL, ADAPTIVE)]
    if not (rows[rows.method == LOCAL]["share low"] >= STAYED).all() or not any(arrived):
        return FAILS, text
    return (HOLDS if all(arrived) else CAVEAT), text


def judge_ratios(table: pd.DataFrame, what: str, names: list[str] | None = None, limit: float = 1.0) -> Judgement:
    """Judge "this ratio is below `limit` in all of these rows" of a table of `noise_ratios`; names None: in all rows.

    HOLDS if every interval lies below, FAILS if one lies above, UNTESTABLE if all hold it; otherwise CAVEAT.
    """
    rows = table if names is None else table[table.name.isin(names)]
    parts = [f"{row['name']} {interval_in_words(row, RATIO)}" for row in rows.to_dict("records")]
    text = f"{what}: {'; '.join(parts)}; n={int(rows.n.min())}; needed: below {limit:g}"
    if rows.n.min() < 2:
        return UNTESTED, text
    below, above = rows[f"{RATIO} high"] < limit, rows[f"{RATIO} low"] > limit
    if below.all():
        return HOLDS, text
    if above.any():
        return FAILS, text
    return (CAVEAT if below.any() else UNTESTABLE), text
