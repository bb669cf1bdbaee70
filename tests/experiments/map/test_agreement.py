"""Heads beside full training: the same ways are found however they are written, and outcomes are judged."""

import json

import pandas as pd
import pytest

from replication.evaluation.comparison import BETTER, SAME, UNDECIDED, WORSE
from replication.experiments.map.agreement import AGREE, DISAGREE, FULL, OPEN, agreement, side_by_side


def table(rows):
    columns = ["B", "selector", "difference", "outcome"]
    return pd.DataFrame(rows, columns=columns).assign(low=-1.0, high=1.0, n=3, objective="clip")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"parameters": {"batch_size": 32, "k": 40}}), encoding="utf-8")
    (tmp_path / FULL).parent.mkdir()
    table([(32, "SwapSearch", -9.0, WORSE), (32, "OSGD", -1.0, UNDECIDED), (32, "SC", -8.0, WORSE)]).to_csv(tmp_path / FULL)
    return tmp_path


def test_the_same_ways_at_the_same_size_are_found(folder):
    cells = table(
        [
            (32, "SwapSearch, k 40", -2.0, WORSE),
            (32, "SwapSearch, k 2", 1.0, BETTER),
            (8, "SC", 1.0, BETTER),
            (32, "OSGD", 0.1, SAME),
        ]
    )
    found = side_by_side(cells, folder, 40)
    assert list(found.selector) == ["SwapSearch, k 40", "OSGD"] and list(found.agree) == [AGREE, OPEN]
    assert list(found["heads: R@10"]) == [-2.0, 0.1] and list(found["full: R@10"]) == [-9.0, -1.0]


def test_nothing_in_common_is_empty(folder):
    assert side_by_side(table([(32, "neighbours", 0.0, SAME)]), folder, 40).empty
    assert side_by_side(table([(32, "SwapSearch", 0.0, SAME)]), folder, 10).empty  # chunks of 10 here, of 40 there
    assert list(side_by_side(table([(32, "SwapSearch, k 40", -2.0, WORSE)]), folder, 10).agree) == [AGREE]


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (BETTER, BETTER, AGREE),
        (SAME, SAME, AGREE),
        (BETTER, WORSE, DISAGREE),
        (SAME, WORSE, DISAGREE),
        (UNDECIDED, WORSE, OPEN),
    ],
)
def test_agreement(one, other, wanted):
    assert agreement(one, other) == agreement(other, one) == wanted
