"""The rules that turn the tables of this package into verdicts: each returns (verdict, evidence in one line).

Every comparison is written so that NaN counts against the claim.
"""

import pandas as pd

from replication.experiments.theory.families import OTHER_OPTIMUM, SAME_OPTIMUM
from replication.experiments.theory.optima import DISTANCE_TOLERANCE, LOSS_TOLERANCE
from replication.experiments.theory.search import COINCIDE, DIFFER, DIFFERENT
from replication.reporting.run import CAVEAT, FAILS, HOLDS

Judgement = tuple[str, str]

RATIO_TOLERANCE = 1e-6  # spread of a ratio of losses below which it counts as constant
BOUND_TOLERANCE = 1e-10  # nats
DIGITISED_TOLERANCE = 2e-3  # nats: twice the accuracy, about 0.001, to which the published curves could be read off
ANGLE_TOLERANCE = 1e-4  # radians
ROUNDED = 1e-12  # nats: the tables are rounded to it, so a smaller deviation is not stated


def judge_ratio(table: pd.DataFrame) -> Judgement:
    """Judge Proposition 1 from `ratio_table`: it holds if no size has one ratio at all points."""
    spread = table.largest_ratio - table.least_ratio
    text = f"ratio differs between random points by at least {spread.min():.3g} in all {len(table)} sizes (N, d, B)"
    holds = (spread > RATIO_TOLERANCE).all()
    return (HOLDS if holds else FAILS), f"{text}; needed: more than {RATIO_TOLERANCE:g}"


def judge_optima(table: pd.DataFrame) -> Judgement:
    """Judge a theorem from rows of `optima_table`: closed form reached and not beaten, and Gram matrix and U = V met."""
    off, points = table.excess.abs(), table[["gram_distance", "u_minus_v"]].max(axis=1, skipna=False)
    ended = table.reached.sum() / table.starts.sum()
    text = (
        f"{len(table)} sizes: best loss = closed form within {max(off.max(), ROUNDED):.0e} nats (allowed: {LOSS_TOLERANCE:g}), "
        f"points within {max(points.max(), 1e-6):.0e} of the theorem's (allowed: {DISTANCE_TOLERANCE:g}); "
        f"{ended:.0%} of {table.starts.sum()} starts ended there"
    )
    return (HOLDS if (off <= LOSS_TOLERANCE).all() and (points <= DISTANCE_TOLERANCE).all() else FAILS), text


def judge_other_optimum(table: pd.DataFrame) -> Judgement:
    """Judge Theorem 5 or "never together" from `family_row`s: every family must exceed its own optimum at the ETF."""
    low, high = table.excess.min(), table.excess.max()
    text = f"at the full-batch optimum all {len(table)} families lie {low:.4f} to {high:.4f} nats above their own optimum"
    return (HOLDS if (table.excess > OTHER_OPTIMUM).all() else FAILS), f"{text}; needed: more than {OTHER_OPTIMUM:g}"


def judge_iff(table: pd.DataFrame) -> Judgement:
    """Judge "if and only if all C(N, B) batches" from `design_table`.

    One smaller family that reaches the full-batch optimum refutes "only if"; one full family that misses it refutes "if".
    Without either, a family between the two tolerances leaves the question open: a caveat.
    """
    same, other, every = table.excess <= SAME_OPTIMUM, table.excess > OTHER_OPTIMUM, table.batches == table.possible
    limits = f"same optimum: up to {SAME_OPTIMUM:g} nats, another: above {OTHER_OPTIMUM:g}"
    smaller = table[same & ~every]
    if not smaller.empty:
        examples = ", ".join(f"{row.family} ({row.batches} of {row.possible})" for row in smaller.itertuples())
        sizes = ", ".join(f"{size}" for size in sorted(smaller.B.unique()))
        text = f"smaller families reach the full-batch optimum for B = {sizes}: {examples}"
        if (same == table.two_design).all() and (same | other).all():
            text += "; those that reach it are exactly the 2-designs (equal pair counts), for B = 2 only all pairs (Theorem 5)"
            if other.any():
                text += f"; all {other.sum()} other families miss it by at least {table.excess[other].min():.1e} nats"
        return FAILS, f"{text} ({limits})"
    if (other & every).any():
        return FAILS, f"all C(N, B) batches miss the full-batch optimum in {(other & every).sum()} sizes ({limits})"
    if (same | other).all():
        return HOLDS, f"none of {(~every).sum()} smaller families reaches the full-batch optimum ({limits})"
    return CAVEAT, f"{(~same & ~other).sum()} of {len(table)} families lie between the tolerances ({limits})"


def judge_search(table: pd.DataFrame) -> Judgement:
    """Judge "the optima coincide outside the theorems as well" from the table of `search`."""
    outside = table[table.theorem == "none"]
    different = outside[outside.verdict == DIFFER]
    if different.empty:
        equal = (outside.verdict == COINCIDE).all()
        return (HOLDS if equal else CAVEAT), f"no gap above {DIFFERENT:g} nats in {len(outside)} sizes (numerical search)"
    top = different.loc[different.gap1.idxmax()]
    size = f"N={top.N}, d={top.d}, B={top.B}"
    text = (
        f"numerical search: optima differ by more than {DIFFERENT:g} nats in {len(different)} of {len(outside)} sizes "
        f"(N, d, B), by at most {top.gap1:.2g} nats"
    )
    return FAILS, f"{text} ({size}); in the others an optimum is common to both"


def judge_bound(table: pd.DataFrame) -> Judgement:
    """Judge the bound of section 5.2 from `bound_table`: never violated beyond rounding, and tight for B = 2."""
    least, pairs = table.least_slack, table[table.B == 2]
    deviation = pairs[["least_slack", "largest_slack"]].abs().max(axis=1, skipna=False)
    allowed = f"tolerance {BOUND_TOLERANCE:g} nats"
    if not (least >= -BOUND_TOLERANCE).all():
        return FAILS, f"loss below the bound by up to {-least.min():.1e} nats in {table.draws.sum()} batches ({allowed})"
    text = f"never below the bound in {table.draws.sum()} batches ({allowed})"
    if pairs.empty:
        return CAVEAT, f"{text}; equality not looked at: no batches of B = 2"
    tight = (deviation <= BOUND_TOLERANCE).all()
    within = f"within {max(deviation.max(), ROUNDED):.0e} nats at B = 2"
    return (HOLDS, f"{text}; equal {within}") if tight else (FAILS, f"{text}; but equal only {within}")


def judge_figure_1a(extremes: pd.DataFrame, rivals: pd.DataFrame) -> Judgement:
    """Judge figure 1(a) from `extremes_table` and `rivals_table`: same minimiser on the slice, and is it an optimum at all?

    The published minima and maxima must be met within DIGITISED_TOLERANCE.
    """
    minima = extremes.angle_to_partner[extremes.point == "minimum"]
    if not (minima.abs() <= ANGLE_TOLERANCE).all():
        return FAILS, f"the two curves do not both have their minimum at u_1 = v_1 (tolerance {ANGLE_TOLERANCE:g} radians)"
    off = extremes.difference[extremes.point != "crossing"].abs()
    if not (off <= DIGITISED_TOLERANCE).all():
        return FAILS, f"published extremes missed by up to {off.max():.1g} nats (allowed: {DIGITISED_TOLERANCE:g})"
    text = f"published extremes met within {off.max():.1g} nats (allowed: {DIGITISED_TOLERANCE:g}), both minima at u_1 = v_1"
    losses = rivals.set_index("configuration").all_batches_loss
    decagon, pentagon = losses["regular decagon"], losses["doubled pentagon"]
    if (losses >= decagon - LOSS_TOLERANCE).all():
        return HOLDS, text
    text += f"; but the decagon ({decagon:.6f}) is not the all-batches optimum: doubled pentagon {pentagon:.6f}"
    return CAVEAT, text


def judge_figure_1b(table: pd.DataFrame) -> Judgement:
    """Judge figure 1(b) from the `family_row`s of `figure_1b_families`."""
    excess = table.set_index("family").excess
    same, other = excess[["full batch", "all 6 batches"]].max(skipna=False), excess["2 fixed batches"]
    text = (
        f"excess of the tetrahedron: {max(same, ROUNDED):.0e} nats or less for full and all 6 batches (allowed: "
        f"{SAME_OPTIMUM:g}), {other:.4f} for the 2 fixed ones (needed: more than {OTHER_OPTIMUM:g})"
    )
    return (HOLDS if same <= SAME_OPTIMUM and other > OTHER_OPTIMUM else FAILS), text


def designs_in_words(table: pd.DataFrame) -> str:
    """Return one sentence (Markdown) on a `design_table`: which families keep the full batch's optimum."""
    same = table.excess <= SAME_OPTIMUM
    text = f"{same.sum()} of the {len(table)} families keep the full batch's optimum"
    if (same == table.two_design).all():
        text += ", exactly those in which every two samples share equally many batches"
    if not same.all():
        text += (
            f"; at it the others lie {table.excess[~same].min():.2g} to {table.excess[~same].max():.2g} nats above their own"
        )
    return f"**{text}.**"
