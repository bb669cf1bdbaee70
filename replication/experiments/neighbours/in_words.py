"""What came out, in sentences (Markdown) made from the tables over seeds."""

import pandas as pd

from replication.experiments.neighbours.client_comparison import ADAPTIVE, DUAL, LOCAL
from replication.experiments.neighbours.query_batches import DRAWN
from replication.experiments.neighbours.summaries import interval_in_words
from replication.experiments.neighbours.survival_verdicts import SURVIVES


def survival_in_words(table: pd.DataFrame) -> str:
    """Return one sentence on a `survival_table`: what equals the full batch on which family, and what InfoNCE keeps."""
    parts = []
    for family, rows in table.groupby("family", sort=False):
        relations = rows.groupby("loss", sort=False).relation
        equal = [name for name, found in relations if found.isin(SURVIVES).all()]
        parts.append(f"on {family} {len(equal)} of {rows.loss.nunique()} losses ({'; '.join(equal) or 'none'})")
    info = [
        f"{relation} ({', '.join(f'{row.family} at d={row.d}' for row in rows.itertuples())})"
        for relation, rows in table[table.loss == "InfoNCE"].groupby("relation", sort=False)
    ]
    return f"**The full-batch loss itself, at every d: {'; '.join(parts)}. InfoNCE: {'; '.join(info)}.**"


def anchors_in_words(summary: pd.DataFrame) -> str:
    """Return one line for each source: the methods from the least gap to the largest, with NSTORM's at equal work."""
    lines = []
    for source, rows in summary.groupby("source", sort=False):
        ordered = [f"{row['method']} {interval_in_words(row, 'gap')}" for row in rows.sort_values("gap").to_dict("records")]
        storm = rows[rows.method == "NSTORM"].iloc[0]
        lines.append(
            f"**On {source} (n={storm['n']}) the gap at equal samples is, from the least: {'; '.join(ordered)}. After as many "
            f"evaluations as the moving average, at half the samples, NSTORM's is {storm['gap at half the samples']:.3g}.**"
        )
    return "  \n".join(lines)


def clients_in_words(summary: pd.DataFrame) -> str:
    """Return one sentence: the share of the local optimum's gap that each method is left with, for each q."""
    parts = []
    for method in (DUAL, ADAPTIVE, LOCAL):
        rows = summary[summary.method == method].to_dict("records")
        shares = ", ".join(f"q={row['q']}: {interval_in_words(row, 'share')}" for row in rows)
        parts.append(f"{method} {shares}")
    return f"**Gap relative to that of the local losses' minimum (n={summary.n.min()}): {'; '.join(parts)}.**"


def noise_in_words(summary: pd.DataFrame) -> str:
    """Return one sentence: how much of each selector's noise is of the batches, its bias, and the bias with a snapshot."""
    now = summary[summary["updates since"] == 0]
    parts = []
    for selector, rows in now.groupby("selector", sort=False):
        by_snapshot = rows.set_index("snapshot")
        plain, corrected = by_snapshot.loc["none"], by_snapshot.loc["embeddings"]
        parts.append(
            f"{selector} {plain.total:.3g} ({plain.batches / plain.total:.0%} from the batches), bias {plain.bias:.2g}, with "
            f"the snapshot {corrected.total:.3g} and {corrected.bias:.2g}"
        )
    return f"**Variance relative to the squared full-batch gradient (n={summary.n.min()}): {'; '.join(parts)}.**"


def variates_in_words(left: pd.DataFrame) -> str:
    """Return one sentence: the share of the views' variance that each control variate leaves."""
    parts = [
        f"{row['variate']} {interval_in_words(row, 'left')}" for row in left.to_dict("records") if row["variate"] != "none"
    ]
    return f"**Of the views' variance is left (n={left.n.min()}): {'; '.join(parts)}.**"


def queries_in_words(summary: pd.DataFrame) -> str:
    """Return one line for each number of classes: each method's accuracy, of the networks trained with shuffled batches."""
    lines = []
    for classes, rows in summary[summary.selector == "SGD"].groupby("classes", sort=False):
        parts = [
            f"{row['method']} {interval_in_words(row, 'accuracy')}" for row in rows.to_dict("records") if row["method"] in DRAWN
        ]
        lines.append(f"**{classes} classes in a batch (n={rows.n.min()} networks, accuracy in %): {'; '.join(parts)}.**")
    return "  \n".join(lines)
