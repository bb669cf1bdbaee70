"""Summaries over seeds; the tables themselves are tested on a real grid, in tests/cifar/test_experiment.py."""

import pandas as pd
import pytest

from replication.experiments.grid.records import summarise


def test_summaries_are_means_and_deviations_over_seeds():
    runs = pd.DataFrame(
        {"objective": "simclr", "selector": ["SGD", "SGD", "SC"], "seed": [0, 1, 0]}
        | {"kNN": [1.0, 3.0, 5.0], "R@1 u2v": [0.0, 0.0, 0.0]}
    )
    table = summarise(runs)
    assert list(table.columns) == ["objective", "selector", "n", "kNN", "kNN sd"]
    assert table["kNN"].tolist() == [2, 5] and table["kNN sd"][0] == pytest.approx(2**0.5) and table.n.tolist() == [2, 1]
