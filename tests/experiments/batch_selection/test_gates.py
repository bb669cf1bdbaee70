import pandas as pd

from replication.experiments.batch_selection.gates import gates


def ratios(**changes):
    row = {"assignment ratio": 30, "cost difference": 0, "exact ratio": 9, "swap ratio without weights": 25}
    row |= {"reference loss": 1.0, "exact loss": 1.1, "swap loss": 1.2}
    return pd.DataFrame([{"input": name, "affinity": kind} | row | changes for name in "ab" for kind in ("log", "exp")])


def plans(samples):
    return pd.DataFrame({"N": samples, "selector": ["SwapSearch", "SC", "SC (exp)"], "seconds": [1.0, 5.0, 9.0]})


def grown(samples):
    row = {"N": samples, "whole set (s)": 10, "peak memory (MiB)": 2000, "whole set loss": 2.0}
    return pd.DataFrame([row | {"chunks of 1,280 loss": 1.0, "chunks of 5,120 loss": 2.5}])


def test_every_goal_is_compared_with_the_worst_input():
    table = gates(ratios(), plans(50_000), grown(50_000)).set_index("gate")
    unmet = set(table.index[~table.met])
    assert unmet == {"plan of a CIFAR epoch by SC (exp) (s)", "the same, loss above chunks of 5,120 (share)"}
    assert len(table) == 13


def test_goals_of_whole_sets_need_them():
    assert len(gates(ratios(), plans(2000), grown(2000))) == 6


def test_unmet_ratios():
    table = gates(ratios(**{"exact ratio": 5, "swap loss": 1.05}), plans(10), grown(10)).set_index("gate")
    assert set(table.index[~table.met]) == {
        "exact spectral clustering (exp), times faster",
        "SwapSearch, mean loss above the harder reference (share)",
    }
