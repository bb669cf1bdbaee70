"""Verdicts on figures 2 and 3, and what came out of them in words, from the tables of free embeddings."""

import pandas as pd

from replication.experiments.synthetic.convergence import CONFIGURATION
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED


def verdict_on_speed(comparison: pd.DataFrame, summary: pd.DataFrame, method: str) -> tuple[str, str]:
    """Return the verdict and the evidence on "`method` converges to the optimum faster than SGD".

    HOLDS if it is faster in every configuration and every run ends near the optimum. CAVEAT if it is faster in more than
    half of them and slower in none. FAILS otherwise.
    """
    rows, ends = comparison[comparison.method == method], summary[summary.method == method]
    parts = []
    for vectors, group in rows.groupby("vectors", sort=False):
        missing = [f"({row.N}, {row.d})" for row in group[~group.faster].itertuples()]
        part = f"{vectors} vectors: in {int(group.faster.sum())} of {len(group)}"
        parts.append(part + (f", not at (N, d) = {', '.join(missing)}" if missing else ""))
    evidence = f"faster than SGD (95 % interval of the paired difference below 0, n={int(rows.n.min())} seeds), "
    evidence += "; ".join(parts) + f"; slower in {int(rows.slower.sum())}. "
    pairs = ends.merge(summary[summary.method == "SGD"], on=CONFIGURATION, suffixes=("", " of SGD"))
    nearer = int((pairs["distance mean"] < pairs["distance mean of SGD"]).sum())
    evidence += f"Ends nearer the optimum than SGD in {nearer} of {len(pairs)}; {int(ends['not near'].sum())} of"
    evidence += f" {int(ends.n.sum())} runs end farther than 0.5, {int(ends.stalled.sum())} of them standing still"
    if rows.faster.all() and ends["not near"].sum() == 0:
        return HOLDS, evidence
    return (CAVEAT if rows.faster.mean() > 0.5 and not rows.slower.any() else FAILS), evidence


def speed_in_words(comparison: pd.DataFrame) -> str:
    """Return one sentence (Markdown) on the table of `compare_with_sgd`: which methods are faster than SGD, how often."""
    configurations = len(comparison[CONFIGURATION].drop_duplicates())
    parts = []
    for method, rows in comparison.groupby("method", sort=False):
        parts.append(f"{method} is faster in {rows.faster.sum()} and slower in {rows.slower.sum()}")
    seeds = int(comparison.n.min())
    return f"**Against SGD in {configurations} configurations (95 % intervals over {seeds} seeds): {'; '.join(parts)}.**"


def verdict_on_rest(table: pd.DataFrame, reached: float = 1e-3) -> tuple[str, str]:
    """Return the verdict and the evidence on Figure 2: full and all batches reach the optimum, fixed batches do not.

    HOLDS if every run does as claimed. FAILS if a run on full or all batches comes to rest elsewhere, or if fixed batches
    reach the optimum in half of the runs or more. CAVEAT otherwise: some runs were still moving, or a few fixed ones arrive.
    """
    known = table.dropna(subset=["distance"])
    if known.empty:
        return UNTESTED, "no (N, d) of this run has an optimum that a theorem gives"
    near = known.distance <= reached
    wanted, fixed = known.family != "fixed", known.family == "fixed"
    parts = []
    for family, group in known[wanted].groupby("family", sort=False):
        misses = group[group.distance > reached]
        sizes = sorted({f"({row.N}, {row.d}) {row.status}" for row in misses.itertuples()})
        parts.append(f"{family} {len(group) - len(misses)} of {len(group)}" + (f" (not: {', '.join(sizes)})" if sizes else ""))
    away, others = int((~near)[fixed].sum()), int(fixed.sum())
    evidence = f"runs that end within {reached:g} of the optimum: {'; '.join(parts)}; fixed {others - away} of {others}"
    elsewhere = bool((known[wanted & ~near].status == "at rest").any())
    if near[wanted].all() and away == others:
        return HOLDS, evidence
    return (FAILS if elsewhere or 2 * away <= others else CAVEAT), evidence
