"""The paired comparison against SciPy's paired t-test, and planted outcomes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from replication.evaluation import paired_comparison


def table_of(**selectors):
    """One row for each selector and seed; None leaves a run out."""
    rows = [(name, seed, x) for name, values in selectors.items() for seed, x in enumerate(values) if x is not None]
    return pd.DataFrame(rows, columns=["selector", "seed", "accuracy"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=2, max_size=6))
def test_equals_the_paired_t_interval(pairs):
    first, second = map(list, zip(*pairs, strict=True))
    row = paired_comparison(table_of(SC=first, SGD=second), "accuracy", "SGD", margin=1).iloc[0]
    difference = np.subtract(first, second)
    if difference.std() > 1e-6:
        interval = stats.ttest_rel(first, second).confidence_interval(0.95)
        assert [row["low"], row["high"]] == pytest.approx(list(interval), abs=1e-9)
    assert (row["selector"], row["baseline"], row["n"]) == ("SC", "SGD", len(pairs))
    found = [row[name] for name in ("mean", "baseline mean", "difference", "sd")]
    expected = [np.mean(first), np.mean(second), difference.mean(), difference.std(ddof=1)]
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "outcome", "as_a_loss"),
    [
        ([52.0, 63.1, 71.9], "better", "worse"),  # paired: the spread of the seeds themselves is 10
        ([48.0, 57.1, 67.9], "worse", "better"),
        ([50.1, 59.9, 70.1], "no difference", "no difference"),
        ([50.5, 60.4, 70.5], "no difference", "no difference"),  # above zero, but by less than the margin: it does not matter
        ([49.0, 62.0, 70.0], "undecided", "undecided"),  # wider than the margin, and zero inside
        ([51.5, 61.0, 70.5], "undecided", "undecided"),
        ([50.0, 60.0, 70.0], "no difference", "no difference"),  # the very same runs
        ([90.0, None, None], "undecided", "undecided"),  # a single pair has no interval
        ([None, None, None, 90.0], "undecided", "undecided"),  # no pair at all
    ],
)
def test_planted_outcomes(values, outcome, as_a_loss):
    table = table_of(SGD=[50.0, 60.0, 70.0], SC=values)
    assert paired_comparison(table, "accuracy", "SGD", margin=1).outcome.tolist() == [outcome]
    assert paired_comparison(table, "accuracy", "SGD", margin=1, higher_is_better=False).outcome.tolist() == [as_a_loss]


def test_only_seeds_of_both_count_and_the_order_is_that_of_the_table():
    table = table_of(SwapSearch=[5.0, 6.0, None, 9.0], SGD=[1.0, 1.0, 1.0], SC=[2.0, None, 2.0])
    found = paired_comparison(table.sample(frac=1, random_state=1).sort_values("seed", kind="stable"), "accuracy", "SGD", 0.5)
    found = found.set_index("selector")
    assert set(found.index) == {"SwapSearch", "SC"} and found.n.to_dict() == {"SwapSearch": 2, "SC": 2}
    assert found.loc["SwapSearch", ["mean", "baseline mean", "difference"]].tolist() == [5.5, 1, 4.5]
    assert paired_comparison(table, "accuracy", "SGD", 0.5).selector.tolist() == ["SwapSearch", "SC"]


def test_within_compares_apart():
    one, other = table_of(SGD=[1.0, 2.0], SC=[4.0, 5.0]), table_of(SGD=[7.0, 8.0], SC=[4.0, 5.0])
    table = pd.concat([one.assign(objective="simclr"), other.assign(objective="sogclr")])
    found = paired_comparison(table, "accuracy", "SGD", 0.5, within=["objective"])
    assert found[["objective", "selector", "difference", "outcome"]].values.tolist() == [
        ["simclr", "SC", 3, "better"],
        ["sogclr", "SC", -3, "worse"],
    ]


def test_a_baseline_alone_gives_an_empty_table_with_all_columns():
    full = paired_comparison(table_of(SGD=[1.0], SC=[2.0]), "accuracy", "SGD", 1)
    empty = paired_comparison(table_of(SGD=[1.0]), "accuracy", "SGD", 1)
    assert empty.empty and list(empty.columns) == list(full.columns)


def test_wrong_inputs_raise_one_clear_line():
    table = table_of(SGD=[1.0, 2.0], SC=[1.0, np.nan])
    good = table.dropna()
    text = good.assign(accuracy=good.accuracy.astype(str) + "%")
    objectives = good.assign(objective="simclr")

    def compared(column):
        return paired_comparison(good.assign(accuracy=column), "accuracy", "SGD", 1)

    cases = [
        (ValueError, "margin=0 must be", lambda: paired_comparison(good, "accuracy", "SGD", 0)),
        (ValueError, "no column 'loss'; it has selector, seed, accuracy", lambda: paired_comparison(good, "loss", "SGD", 1)),
        (ValueError, "no column 'data'", lambda: paired_comparison(good, "accuracy", "SGD", 1, within=["data"])),
        (ValueError, "baseline='sgd' has no run; there are SC, SGD", lambda: paired_comparison(good, "accuracy", "sgd", 1)),
        (
            ValueError,
            "baseline='x' has no run with objective=simclr; there are",
            lambda: paired_comparison(objectives, "accuracy", "x", 1, within=["objective"]),
        ),
        (ValueError, "accuracy=nan of SC, seed 1, is no finite number", lambda: paired_comparison(table, "accuracy", "SGD", 1)),
        (ValueError, "accuracy=1.0% of SGD, seed 0, is no finite", lambda: paired_comparison(text, "accuracy", "SGD", 1)),
        (TypeError, "accuracy=1.0 of SGD, seed 0, is str; it must be a number", lambda: compared(good.accuracy.astype(str))),
        (TypeError, "accuracy=True of SGD, seed 0, is bool; it must be", lambda: compared(good.accuracy > 0)),
        (
            TypeError,
            r"within='objective' must be several names of columns: \['objective'\]",
            lambda: paired_comparison(objectives, "accuracy", "SGD", 1, within="objective"),
        ),
        (ValueError, "SGD, seed 0, occurs twice", lambda: paired_comparison(pd.concat([good, good]), "accuracy", "SGD", 1)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)


def test_names_may_come_as_a_generator_and_numbers_as_objects():
    table = table_of(SGD=[1.0, 2.0], SC=[2.0, 4.0]).assign(objective="simclr", data=[None] * 4)
    expected = paired_comparison(table, "accuracy", "SGD", 1, within=["objective"])
    pd.testing.assert_frame_equal(paired_comparison(table, "accuracy", "SGD", 1, within=iter(["objective"])), expected)
    objects = table.astype({"accuracy": object})
    pd.testing.assert_frame_equal(paired_comparison(objects, "accuracy", "SGD", 1, within=["objective"]), expected)
    assert len(paired_comparison(table, "accuracy", "SGD", 1, within=["data"])) == 1  # a missing value is a value


@pytest.mark.parametrize("kind", ["int64", "int8", "uint8", "float16", "float32", "Int64", object])
def test_numbers_of_every_type_are_compared_as_the_same_numbers(kind):
    numbers = [5, 5, 5, 6, 3, 4, 2, 1]
    table = pd.DataFrame({"selector": ["SGD"] * 4 + ["hard"] * 4, "seed": [0, 1, 2, 3] * 2, "rank": numbers})
    found = paired_comparison(table.astype({"rank": kind}), "rank", "SGD", 0.5).iloc[0]
    assert found.difference == -2.75 and found.outcome == "worse"
