"""The threshold rule against trying every threshold, and on cells where it is known."""

import math

import numpy as np
import pandas as pd
import pytest

from replication.evaluation.comparison import BETTER, UNDECIDED, WORSE
from replication.experiments.map.rule import PREDICTORS, Threshold, fit, rules
from replication.experiments.map.tables import SHARE


def cells(values, outcomes):
    return pd.DataFrame({SHARE: values, PREDICTORS[1]: values, "outcome": outcomes})


def test_a_clean_border_is_found_half_way():
    found = fit(cells([0.1, 0.2, 0.4, 0.6], [BETTER, BETTER, WORSE, WORSE]), SHARE)
    assert found.value == pytest.approx(0.3) and found.right(cells([0.1, 0.9], [BETTER, WORSE])) == 1


def test_signs_count_alike_however_many_cells_they_have():
    found = Threshold(SHARE, -1.0)  # says "worse" always
    assert found.right(cells([0.1, 0.2, 0.3, 0.4], [BETTER, WORSE, WORSE, WORSE])) == 0.5


@pytest.mark.parametrize("seed", range(4))
def test_no_threshold_is_better(seed):
    random = np.random.default_rng(seed)
    table = cells(random.random(15), random.choice([BETTER, WORSE], 15))
    best = max(Threshold(SHARE, value).right(table) for value in np.linspace(-0.1, 1.1, 500))
    assert fit(table, SHARE).right(table) >= best - 1e-12


def test_one_sign_alone_has_no_rule():
    assert fit(cells([0.1, 0.2], [WORSE, UNDECIDED]), SHARE) is None
    table = rules(cells([0.1, 0.2], [WORSE, UNDECIDED]), None)
    assert len(table) == 2 and "right here" not in table and list(table.worse) == [1, 1]
    assert math.isnan(Threshold(SHARE, -1.0).right(cells([0.1, 0.2], [WORSE, WORSE])))  # whatever it says would be right
    elsewhere = cells([0.6, 0.8], [BETTER, WORSE])
    assert "right here, fitted elsewhere" not in rules(cells([0.1, 0.2], [WORSE, WORSE]), elsewhere)


def test_a_rule_of_other_data_is_tried_here():
    here, there = cells([0.1, 0.5], [BETTER, WORSE]), cells([0.6, 0.8], [BETTER, WORSE])
    row = rules(here, there).iloc[0]
    assert row["fitted elsewhere"] == pytest.approx(0.7) and row["right here, fitted elsewhere"] == 0.5
    assert row["right there"] == 1
    assert row["fitted here"] == pytest.approx(0.3) and row["right here"] == 1 and not math.isnan(row["right here"])
