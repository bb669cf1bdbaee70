"""Plans with no class twice beside free ones: what is counted, by hand and against the selectors themselves."""

import pandas as pd
import pytest
import torch

from replication.experiments.batch_selection import distinct
from replication.experiments.batch_selection.inputs import Embedded, synthetic_phase
from replication.losses import batch_losses
from replication.selection import DistinctGroups, ShuffledBatches, SwapSearch


def test_both_plans_are_measured_from_the_same_seed():
    data = synthetic_phase("middle", 400, 16)
    selectors = {"SGD": ShuffledBatches(8), "SwapSearch": SwapSearch(8, k=10, temperature=0.1)}
    plans = distinct.distinct_plans(selectors, data, 0.1, seeds=2)
    assert list(plans.columns) == [*distinct.COLUMNS, "seconds, free", "seconds, distinct"] and len(plans) == 4
    row = plans.iloc[3]
    assert (row.selector, row.seed, row.N) == ("SwapSearch", 1, 400)

    def loss(selector):
        plan = selector.select(data.u, data.v, torch.Generator().manual_seed(1))
        return batch_losses(data.u, data.v, plan, 0.1).double().mean().item()

    assert row.free == loss(selectors["SwapSearch"])
    assert row.distinct == loss(DistinctGroups(selectors["SwapSearch"], data.labels)) < row.free
    assert row["same class, free"] > 0.02  # of 100 classes


def test_inputs_without_such_batches_have_no_row():
    data = synthetic_phase("middle", 64, 4)
    few = Embedded("few classes", data.u, data.v, torch.arange(64) % 7)
    assert not len(distinct.distinct_plans({"SGD": ShuffledBatches(8)}, few, 0.1, seeds=1))
    enough = Embedded("as many as a batch", data.u, data.v, torch.arange(64) % 8)
    assert len(distinct.distinct_plans({"SGD": ShuffledBatches(8)}, enough, 0.1, seeds=1)) == 1


def test_summary_by_hand():
    columns = distinct.COLUMNS
    rows = [("a", 9, "SGD", 0, 1.0, 0.9, 0.1), ("a", 9, "SGD", 1, 1.2, 1.1, 0.1)]
    rows += [("a", 9, "hard", 0, 3.1, 2.0, 0.4), ("a", 9, "hard", 1, 3.1, 2.2, 0.6)]
    table = distinct.summarise(pd.DataFrame(rows, columns=columns), "SGD").set_index("selector")
    assert table.n.tolist() == [2, 2] and pd.isna(table.loc["SGD", "share of the gain kept"])
    assert table.loc["hard", "share of the gain kept"] == pytest.approx((2.1 - 1.1) / (3.1 - 1.1))
    assert table.loc["hard", "same-class pairs, free"] == pytest.approx(0.5)
    assert table.loc["hard", "sd, distinct"] == pytest.approx(0.1 * 2**0.5)


def test_cost_is_the_least_of_the_seeds():
    plans = pd.DataFrame({"input": "a", "N": 9, "selector": "x", "seconds, free": [2.0, 1.0], "seconds, distinct": [3.0, 4.0]})
    row = distinct.cost(plans).iloc[0]
    assert (row["seconds, free"], row["seconds, distinct"], row.ratio) == (1, 3, 3)
