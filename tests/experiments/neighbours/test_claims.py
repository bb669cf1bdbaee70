"""Every claim of the notebook gets one verdict, from tables made by hand."""

import itertools

import pandas as pd

from replication.experiments.neighbours import claims
from replication.experiments.neighbours.client_comparison import ADAPTIVE, DUAL, LOCAL, OPTIMUM
from replication.experiments.neighbours.view_noise import VARIATES
from replication.reporting.ledger import load_claims
from replication.reporting.run import HOLDS, UNTESTED

SEEDS = range(3)


def rows(values, **columns):
    """One row for each combination of columns and seed; `values` tells the numbers of a combination."""
    combinations = itertools.product(*columns.values(), SEEDS)
    keyed = [dict(zip([*columns, "seed"], each, strict=True)) for each in combinations]
    return pd.DataFrame(row | values(row) for row in keyed)


def anchors():
    gaps = {"plug-in": 0.4, "moving average": 0.2, "NSTORM": 0.1, "ADA-NSTORM": 0.05}

    def values(row):
        return {"gap": gaps[row["method"]] + row["seed"] / 1000, "slope": gaps[row["method"]] - row["seed"] / 1000}

    return rows(values, source=["digits"], method=gaps)


def clients():
    share = {DUAL: 0.01, ADAPTIVE: 0.02, LOCAL: 1.0, OPTIMUM: 1.0}
    found = rows(lambda row: {"gap": 0.3, "share": share[row["method"]] + row["seed"] / 1000}, method=share, q=[1, 32])
    return found[(found.method != OPTIMUM) | (found.q == 1)]


def noise():
    def values(row):
        hard, plain = row["selector"] != "SGD", row["snapshot"] == "none"
        total = (4.0 if hard else 2.0) * (1.0 if plain else 0.4) + row["seed"] / 1000
        return {"total": total, "relative noise": total, "bias": 0.5 if plain else 0.1}

    found = {"snapshot": ["none", "embeddings", "gradients"], "selector": ["SGD", "SC", "SwapSearch"], "updates since": [0, 5]}
    return rows(values, **found)


def variates():
    left = dict(zip(VARIATES, (1.0, 0.9, 0.6, 0.3), strict=True))
    return rows(lambda row: {"left": left[row["variate"]] + row["seed"] / 1000}, variate=left)


def queries():
    means = {"zero-shot": 60, "soft": 65, "hard": 70, "few-shot": 70, "few-shot, soft": 75, "few-shot, hard": 76}

    def values(row):
        together = row["method"] not in ("zero-shot", "few-shot")
        change = -20 if together and row["classes"] == 10 else 5 if row["method"] == "hard" and row["selector"] != "SGD" else 0
        return {"accuracy": means[row["method"]] + change + row["seed"] / 10 * together}

    return rows(values, selector=["SGD", "SC", "SwapSearch"], classes=[2, 10], method=means)


def test_every_claim_gets_one_verdict_and_all_of_these_hold():
    found = claims.of_anchors(anchors(), 0.001) + claims.of_clients(clients(), [1, 32])
    found += claims.of_noise(noise(), variates()) + claims.of_queries(queries(), "digits", 1.0)
    assert [(name, verdict) for name, verdict, *_ in found] == [(name, HOLDS) for name, *_ in found]
    survival = {"pairwise-losses", "sogclr-memory", "fixed-batches-dual"}
    registered = {name for name, entry in load_claims().items() if entry["notebook"] == "08_neighbours"}
    assert {name for name, *_ in found} | survival == registered and len(found) + len(survival) == len(registered)
    for name, _, evidence, table in found:
        assert "n=3" in evidence and "nan" not in evidence and table, name


def test_other_images_than_digits_test_no_claim_about_digits():
    for _, verdict, evidence, _ in claims.of_queries(queries(), "cifar100 views", 1.0):
        assert verdict == UNTESTED and evidence.startswith("cifar100 views: holds; ")
