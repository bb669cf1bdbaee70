"""The rules that turn the tables of this package into verdicts: each returns (verdict, evidence in one line)."""

import pandas as pd

from replication.results import CAVEAT, FAILS, HOLDS
from replication.theory.families import OTHER_OPTIMUM, SAME_OPTIMUM
from replication.theory.optima import DISTANCE_TOLERANCE, LOSS_TOLERANCE
from replication.theory.search import COINCIDE, DIFFER

Judgement = tuple[str, str]


def judge_ratio(table: pd.DataFrame) -> Judgement:
    """Judge Proposition 1 from `ratio_table`: it holds if no size has one ratio at all points."""
    spread = (table.largest_ratio - table.least_ratio).min()
    text = f"ratio differs between random points by at least {spread:.3g} in all {len(table)} sizes (N, d, B)"
    return (HOLDS if spread > 1e-6 else FAILS), text


def judge_optima(table: pd.DataFrame) -> Judgement:
    """Judge a theorem from rows of `optima_table`: closed form reached and not beaten, and Gram matrix and U = V met."""
    off, points = table.excess.abs().max(), table[["gram_distance", "u_minus_v"]].max().max()
    ended = table.reached.sum() / table.starts.sum()
    text = (
        f"{len(table)} sizes: best loss = closed form within {max(off, 1e-12):.0e} nats, points within {max(points, 1e-6):.0e}"
        f" of the theorem's; {ended:.0%} of {table.starts.sum()} starts ended there"
    )
    return (HOLDS if off <= LOSS_TOLERANCE and points <= DISTANCE_TOLERANCE else FAILS), text


# Half the width of a drawn line in the published figure, from which the extremes were read off.
DIGITISED_TOLERANCE = 2e-3


def judge_other_optimum(table: pd.DataFrame) -> Judgement:
    """Judge Theorem 5 or "never together" from `family_row`s: every family must exceed its own optimum at the ETF."""
    low, high = table.excess.min(), table.excess.max()
    text = f"at the full-batch optimum all {len(table)} families lie {low:.4f} to {high:.4f} nats above their own optimum"
    return (HOLDS if low > OTHER_OPTIMUM else FAILS), text


def judge_iff(table: pd.DataFrame) -> Judgement:
    """Judge "if and only if all C(N, B) batches" from `design_table`.

    One smaller family that reaches the full-batch optimum refutes "only if"; the evidence says what the criterion is instead.
    """
    same = table.excess <= SAME_OPTIMUM
    smaller = table[same & (table.batches < table.possible)]
    if smaller.empty:
        return HOLDS, f"none of {len(table)} families but all batches reaches the full-batch optimum"
    if not (same == table.two_design).all() or table.excess[~same].min() < OTHER_OPTIMUM:
        return FAILS, "families other than 2-designs reach the full-batch optimum"
    examples = ", ".join(f"{row.family} ({row.batches} of {row.possible})" for row in smaller.itertuples())
    text = f"true for B = 2 (Theorem 5), but smaller families reach the optimum for B >= 3: {examples}"
    text += "; the criterion is equal pair counts, a 2-design"
    return FAILS, f"{text}; all {(~same).sum()} other families miss it by at least {table.excess[~same].min():.1e} nats"


def judge_search(table: pd.DataFrame) -> Judgement:
    """Judge "the optima coincide outside the theorems as well" from the table of `search`."""
    outside = table[table.theorem == "none"]
    different = outside[outside.verdict == DIFFER]
    if different.empty:
        equal = (outside.verdict == COINCIDE).all()
        return (HOLDS if equal else CAVEAT), f"no gap above 1e-8 nats in {len(outside)} sizes (numerical search)"
    top = different.loc[different.gap1.idxmax()]
    size = f"N={top.N}, d={top.d}, B={top.B}"
    text = (
        f"numerical search: optima differ in {len(different)} of {len(outside)} sizes (N, d, B), by at most {top.gap1:.2g} nats"
    )
    return FAILS, f"{text} ({size}); in the others an optimum is common to both"


def judge_bound(table: pd.DataFrame) -> Judgement:
    """Judge the bound of section 5.2 from `bound_table`: never violated beyond rounding, and tight for B = 2."""
    tight = table.largest_slack[table.B == 2].max()
    text = f"loss at least the bound in all {table.draws.sum()} batches (tolerance 1e-10 nats)"
    text += f"; at B = 2 equal within {max(tight, 1e-12):.0e}"
    return (HOLDS if table.least_slack.min() >= -1e-10 and tight <= 1e-10 else FAILS), text


def judge_figure_1a(extremes: pd.DataFrame, rivals: pd.DataFrame) -> Judgement:
    """Judge figure 1(a) from `extremes_table` and `rivals_table`: same minimiser on the slice, and is it an optimum at all?"""
    minima = extremes.angle_to_partner[extremes.point == "minimum"]
    off = extremes[extremes.point != "crossing"].difference.abs().max()
    text = f"published extremes met within {off:.1g} nats, both minima at u_1 = v_1"
    if minima.abs().max() > 1e-4:
        return FAILS, "the two curves have different minima"
    if off > DIGITISED_TOLERANCE:
        return FAILS, f"the curves miss the published extremes by {off:.1g} nats (allowed: {DIGITISED_TOLERANCE:g})"
    losses = rivals.set_index("configuration").all_batches_loss
    decagon, pentagon = losses["regular decagon"], losses["doubled pentagon"]
    if losses.min() >= decagon - LOSS_TOLERANCE:
        return HOLDS, text
    text += f"; but the decagon ({decagon:.6f}) is not the all-batches optimum: doubled pentagon {pentagon:.6f}"
    return CAVEAT, text


def judge_figure_1b(table: pd.DataFrame) -> Judgement:
    """Judge figure 1(b) from the `family_row`s of `figure_1b_families`."""
    excess = table.set_index("family").excess
    same, other = excess[["full batch", "all 6 batches"]].max(), excess["2 fixed batches"]
    text = f"excess of the tetrahedron: {same:.0e} nats for full and all 6 batches, {other:.4f} for the 2 fixed ones"
    return (HOLDS if same <= SAME_OPTIMUM and other > OTHER_OPTIMUM else FAILS), text
