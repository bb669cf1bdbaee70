"""Equivalent batch sizes on curves whose crossing is known."""

import math

import pandas as pd
import pytest

from replication.experiments.map.equivalent import equivalent_size, equivalent_sizes

CURVE = pd.Series({4: 10.0, 8: 20.0, 16: 30.0, 32: 25.0})


@pytest.mark.parametrize(
    ("batch_size", "reached", "size", "beyond"),
    [
        (4, 15.0, 2**2.5, "within"),
        (4, 20.0, 8.0, "within"),
        (4, 10.0, 4.0, "within"),
        (8, 31.0, math.nan, "above"),
        (8, 15.0, 2**2.5, "within"),
        (8, 5.0, math.nan, "below"),
        (16, 27.5, 2**3.75, "within"),  # downwards: the nearest smaller size, not the decline after 16
    ],
)
def test_crossings(batch_size, reached, size, beyond):
    found, where = equivalent_size(CURVE, batch_size, reached)
    assert found == pytest.approx(size, nan_ok=True) and where == beyond


def test_a_row_for_each_size():
    rows = [
        {"line": "own rate", "B": b, "selector": name, "seed": 0, "R@10": value, "validation R@10": value}
        for b, name, value in [(4, "SGD", 10.0), (4, "SC", 20.0), (8, "SGD", 20.0), (8, "SC", 15.0)]
    ]
    table = equivalent_sizes(pd.DataFrame(rows), "own rate", ["SGD", "SC"])
    assert list(table["equivalent B"]) == pytest.approx([8.0, 2**2.5]) and list(table["best chosen"]) == ["SC", "SC"]
