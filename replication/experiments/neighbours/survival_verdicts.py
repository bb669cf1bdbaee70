"""Verdicts on which losses survive mini-batches, from `survival_table`."""

import pandas as pd

from replication.experiments.neighbours.surviving_losses import ANOTHER, EQUAL, PROPORTIONAL
from replication.reporting.run import CAVEAT, FAILS, HOLDS

Judgement = tuple[str, str]
PAIRWISE = ("OPAUC, shared duals", "multiclass AUC, exp", "spectral")
DUAL = "spectral, shared dual"
SURVIVES = (EQUAL, PROPORTIONAL)


def judge_pairs(table: pd.DataFrame) -> Judgement:
    """Judge "means over pairs equal their full-batch loss over all batches and a 2-design, InfoNCE does not".

    HOLDS if so at every d. FAILS otherwise: one number decides.
    """
    even = table[table.family != "fixed"]
    pairs, other = even[even.loss.isin(PAIRWISE)], even[even.loss == "InfoNCE"]
    text = (
        f"{len(pairs)} comparisons of {len(PAIRWISE)} losses (N=9, B=3, d={_dimensions(table)}): largest difference "
        f"{max(pairs.difference.max(), 1e-12):.0e}; InfoNCE differs by at least {other.difference.min():.2g} nats, its ratio "
        f"by at least {other['ratio spread'].min():.2g}"
    )
    holds = pairs.relation.isin(SURVIVES).all() and not other.relation.isin(SURVIVES).any()
    return (HOLDS if holds else FAILS), text


def judge_memory(table: pd.DataFrame) -> Judgement:
    """Judge "SogCLR's averages at rest make a 2-design's loss the full-batch one, and change nothing on fixed batches".

    HOLDS if with averages both even families are equal to the full batch, without them neither is, and on fixed batches both
    lead to another optimum.
    """
    with_, without = (table[table.loss == name] for name in ("SogCLR", "SogCLR, no memory"))
    kept, anew = (part[part.family != "fixed"] for part in (with_, without))
    fixed = pd.concat([part[part.family == "fixed"] for part in (with_, without)])
    text = (
        f"with averages: largest difference {max(kept.difference.max(), 1e-12):.0e} over all batches and the 2-design; "
        f"without: at least {anew.difference.min():.2g}; fixed batches: {_listed(fixed.relation)} (gap at least "
        f"{fixed.gap.min():.2g}); "
        f"d={_dimensions(table)}"
    )
    holds = (kept.relation == EQUAL).all() and (anew.relation != EQUAL).all() and (fixed.relation == ANOTHER).all()
    return (HOLDS if holds else FAILS), text


def judge_partition(table: pd.DataFrame) -> Judgement:
    """Judge "on one fixed partition only the spectral loss with a shared dual keeps the full-batch optimum".

    FAILS if the shared dual does not equal the full batch, or InfoNCE keeps its optimum. CAVEAT if another loss keeps it, or
    is undecided, at some d.
    """
    fixed = table[table.family == "fixed"]
    dual, others = fixed[fixed.loss == DUAL], fixed[fixed.loss != DUAL]
    kept = others[others.relation != ANOTHER]
    text = (
        f"shared dual: {_listed(dual.relation)}; of the others {len(others) - len(kept)} of {len(others)} have another optimum"
    )
    if len(kept):
        text += ", not: " + "; ".join(f"{row.loss} at d={row.d} ({row.relation})" for row in kept.itertuples())
    if not dual.relation.isin(SURVIVES).all() or "InfoNCE" in set(kept.loss):
        return FAILS, text
    return (CAVEAT if len(kept) else HOLDS), text


def _dimensions(table: pd.DataFrame) -> str:
    return ", ".join(map(str, table.d.unique()))


def _listed(values) -> str:
    return ", ".join(dict.fromkeys(values))
