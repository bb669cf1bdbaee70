"""Summaries over seeds; the tables themselves are tested on a real grid, in tests/cifar/test_experiment.py."""

import pandas as pd
import pytest

from replication.experiments.grid.records import known_in_all, summarise


def test_summaries_are_means_and_deviations_over_seeds():
    runs = pd.DataFrame(
        {"objective": "simclr", "selector": ["SGD", "SGD", "SC"], "seed": [0, 1, 0]}
        | {"kNN": [1.0, 3.0, 5.0], "R@1 u2v": [0.0, 0.0, 0.0]}
    )
    table = summarise(runs)
    assert list(table.columns) == ["objective", "selector", "n", "kNN", "kNN sd"]
    assert table["kNN"].tolist() == [2, 5] and table["kNN sd"][0] == pytest.approx(2**0.5) and table.n.tolist() == [2, 1]


def test_measures_that_some_records_lack_are_not_known_in_all():
    runs = pd.DataFrame({"kNN": [1.0, 2.0], "newer": [1.0, float("nan")]})
    assert known_in_all(runs, "newer", "kNN", "unheard of") == ["kNN"]
