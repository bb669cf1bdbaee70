"""What is measured of plans, against loops; the paired verdict."""

import numpy as np
import pandas as pd
import pytest
import torch

from replication.evaluation.shares import same_class_share
from replication.experiments.batch_selection.inputs import Embedded
from replication.experiments.batch_selection.measure import (
    hardness_in_words,
    measure,
    summarise_cost,
    summarise_plans,
    verdict_on_hardness,
)
from replication.losses import contrastive_loss
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED
from replication.selection import OrderedSGD, ShuffledBatches

SELECTORS = {"SGD": ShuffledBatches(4), "OSGD": OrderedSGD(4, k=5, q=2, temperature=0.5)}


def measured(seeds=3):
    generator = torch.Generator().manual_seed(0)
    u, v = torch.nn.functional.normalize(torch.randn(2, 22, 3, generator=generator), dim=-1)
    labels = torch.arange(22) % 3
    data = Embedded("drawn", u, v, labels)
    return data, *measure(SELECTORS, data, 0.5, seeds)


def test_every_plan_is_measured():
    data, losses, plans = measured()
    u, v = data.u, data.v
    assert list(losses.columns) == ["input", "selector", "seed", "loss"]
    columns = ["input", "N", "selector", "seed", "batches", "mean", "sd", "min", "max", "same class", "seconds", "memory (MiB)"]
    assert list(plans.columns) == columns
    assert set(losses.input) == set(plans.input) == {"drawn"} and set(plans.N) == {22}
    assert list(zip(plans.selector, plans.seed, strict=True)) == [(name, seed) for name in SELECTORS for seed in range(3)]
    for row in plans.to_dict("records"):
        plan = SELECTORS[row["selector"]].select(u, v, torch.Generator().manual_seed(row["seed"]))
        expected = [contrastive_loss(u[batch], v[batch], 0.5).item() for batch in plan]
        mine = losses[(losses.selector == row["selector"]) & (losses.seed == row["seed"])].loss
        assert mine.tolist() == pytest.approx(expected, abs=1e-5)
        assert row["batches"] == len(plan) and row["same class"] == same_class_share(plan, data.labels)
        found = [row[name] for name in ("mean", "sd", "min", "max")]
        assert found == pytest.approx([np.mean(expected), np.std(expected), min(expected), max(expected)], abs=1e-5)
        assert row["seconds"] > 0 and row["memory (MiB)"] >= 0


def test_only_what_a_plan_costs_differs_between_two_measurements():
    for one, other in zip(measured()[1:], measured()[1:], strict=True):
        without = [frame.drop(columns=["seconds", "memory (MiB)"], errors="ignore") for frame in (one, other)]
        pd.testing.assert_frame_equal(*without, check_exact=True)


def plans_of(name="drawn", **means):
    """Hand-made plans for one input: the mean batch loss of each selector at each seed."""
    rows = [{"selector": selector, "seed": s, "mean": x} for selector, values in means.items() for s, x in enumerate(values)]
    frame = pd.DataFrame(rows).assign(input=name, N=16, batches=4, sd=0.1, max=9.0, **{"same class": 0.25})
    return frame.assign(min=frame["mean"])


def test_summary_of_hand_made_plans():
    """The ratio is to the baseline of the same input."""
    inputs = plans_of(SGD=[1.0, 2.0, 3.0], SC=[4.0, 4.0, 4.0]), plans_of("other", SC=[5.0, 5.0], SGD=[10.0, 10.0])
    summary = summarise_plans(pd.concat(inputs), "SGD")
    labels = list(zip(summary.input, summary.selector, strict=True))
    assert labels == [("drawn", "SGD"), ("drawn", "SC"), ("other", "SC"), ("other", "SGD")]
    assert summary["mean loss"].tolist() == [2, 4, 5, 10] and summary["sd over seeds"].tolist() == [1, 0, 0, 0]
    assert summary["ratio to SGD"].tolist() == [1, 2, 0.5, 1] and summary["n"].tolist() == [3, 3, 2, 2]
    assert summary["min loss"].tolist() == [1, 4, 5, 10] and summary["max loss"].tolist() == [9] * 4


def test_summary_of_what_plans_cost():
    plans = plans_of(SGD=[1.0, 1.0], SC=[1.0, 1.0]).assign(seconds=[1.0, 3.0, 5.0, 5.0], **{"memory (MiB)": [7, 8, 9, 6]})
    cost = summarise_cost(plans).set_index("selector")
    assert cost.loc["SGD", ["seconds", "sd", "least", "peak memory (MiB)"]].tolist() == pytest.approx([2, 2**0.5, 1, 8])
    assert cost.loc["SC", ["seconds", "sd", "least", "peak memory (MiB)"]].tolist() == [5, 0, 5, 9]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ([2.0, 3.0, 4.0], [1.0, 2.1, 2.9], HOLDS),  # paired: the seeds' own spread does not hide the difference
        ([1.0, 2.1, 2.9], [2.0, 3.0, 4.0], FAILS),
        ([2.0, 3.0, 4.0], [1.0, 3.5, 4.0], FAILS),  # no difference shown
        ([2.0, 3.0, 4.0], [2.0, 3.0, 4.0], FAILS),
        ([5.0], [1.0], UNTESTED),  # a single plan has no interval
    ],
)
def test_hardness_is_judged_by_the_paired_interval(first, second, verdict):
    found, evidence = verdict_on_hardness(plans_of(SC=first, SGD=second), "SC", "SGD")
    assert found == verdict
    assert f"({np.mean(first) - np.mean(second):+.2g} [" in evidence and f"n={len(first)} plans" in evidence


def test_verdict_over_several_inputs():
    hard, harder = [1.0, 2.0, 3.0], [2.0, 3.1, 4.0]
    yes, yes_too, no = (plans_of(name, SC=harder, SGD=hard) for name in ("a", "b", "c"))
    undecided = plans_of("d", SC=[1.0, 2.5, 2.8], SGD=hard)
    softer = plans_of("e", SC=hard, SGD=harder)
    judge = [
        verdict_on_hardness(pd.concat(plans), "SC", "SGD")[0]
        for plans in ([yes, yes_too, no], [yes, yes_too, undecided], [yes, undecided], [yes, yes_too, softer])
    ]
    assert judge == [HOLDS, CAVEAT, FAILS, FAILS]


def test_the_sentence_names_the_hardest_selector_and_what_its_batches_hold():
    plans = plans_of(SGD=[1.0, 1.2], SC=[2.0, 2.2], OSGD=[1.5, 1.5])
    plans.loc[plans.selector == "SC", "same class"] = 0.5
    assert hardness_in_words(summarise_plans(plans, "SGD"), "SGD", "drawn") == (
        "**On drawn the batches of SC are the hardest: 2.1 ± 0.14 nats (n=2 plans) against 1.1 ± 0.14 nats of SGD; 50 % of "
        "their pairs are of one class, against 25 %.**"
    )
