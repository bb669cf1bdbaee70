"""Plans that age: what is measured, on a network of the smoke size, and the share that is left, by hand."""

import pandas as pd
import pytest
from small_pretraining import small_task

from replication.experiments.cifar import aged_plans
from replication.losses import batch_losses

COMMON = {
    "dataset": "digits",
    "images": 96,
    "size": 16,
    "network": "narrow",
    "epochs": 3,
    "warmup_epochs": 1,
    "batch_size": 16,
    "k": 3,
}


@pytest.fixture(scope="module")
def plans():
    return aged_plans.aged_plans(COMMON, ["SwapSearch", "OSGD"], range(2), 1)


def test_a_row_for_each_method_seed_and_age_and_new_plans_are_the_aged_ones_at_first(plans):
    assert len(plans) == 2 * 2 * len(aged_plans.AGES) and not plans.isna().any().any()
    now = plans[plans["age (epochs)"] == 0]
    assert (now["aged plan"] == now["new plan"]).all()
    later = plans[(plans["age (epochs)"] == 1) & (plans.selector == "SwapSearch")]  # OSGD may choose the same few again
    assert (later["aged plan"] != later["new plan"]).all()


def test_the_same_again(plans):
    again = aged_plans.aged_plans(COMMON, ["OSGD"], range(1, 2), 1)
    pd.testing.assert_frame_equal(
        again, plans[(plans.selector == "OSGD") & (plans.seed == 1)].reset_index(drop=True), check_exact=True
    )


def test_the_network_trains_as_shuffled_training_does(plans):
    """The last row of seed 0, from plain steps: two epochs in all, the second one in quarters."""
    task = small_task(method="SGD", seed=0, **COMMON)
    for epoch in range(2):
        list(task.steps(aged_plans.shuffled(task, epoch), 0, epoch))
    views = task.embed(1, 2 * (len(aged_plans.AGES) - 1) + 1)
    loss = batch_losses(*views, aged_plans.shuffled(task, 2), task.settings.temperature, normalize=True).double().mean().item()
    row = plans[(plans.selector == "SwapSearch") & (plans.seed == 0)].iloc[-1]
    assert row["shuffled"] == pytest.approx(loss, rel=1e-5)


def test_share_left_by_hand():
    rows = [
        ("a", 0, 0.0, 3.0, 3.0, 1.0),
        ("a", 1, 0.0, 2.0, 2.0, 1.0),
        ("a", 0, 1.0, 2.0, 3.0, 1.0),
        ("a", 1, 1.0, 1.4, 2.0, 1.0),
    ]
    table = aged_plans.share_left(
        pd.DataFrame(rows, columns=["selector", "seed", "age (epochs)", "aged plan", "new plan", "shuffled"])
    )
    assert table["share of the gain left"].tolist() == pytest.approx([1, 1.4 / 3]) and table.n.tolist() == [2, 2]
    assert table["gain, aged plan"].tolist() == pytest.approx([1.5, 0.7])
    assert table["gain, aged plan, sd"].tolist() == pytest.approx([0.5 * 2**0.5, 0.3 * 2**0.5])
