"""Ranges as people write them."""

import pytest
import torch

from replication.tuning import Range, Steps
from replication.tuning.ranges import read_range


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 to 1", Range(0, 1)),
        ("1e-3 to 1, log", Range(1e-3, 1, log=True)),
        (" -2 to 5 ,  integer ", Range(-2, 5, integer=True)),
        ("2 to 80, integer log", Range(2, 80, log=True, integer=True)),
        ([16, "32", 64], Steps((16, 32, 64))),
        (("0.1", "0.5"), Steps((0.1, 0.5))),
        (Range(0, 2), Range(0, 2)),
    ],
)
def test_a_range_is_read(line, expected):
    assert read_range("x", line) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0.1", r"x='0.1' must be 'LOW to HIGH', with ', log', ', integer' or ', log integer', or a list"),
        ("a to b", r"x='a to b' must be 'LOW to HIGH'"),
        ("0 to inf", r"x='0 to inf' must be 'LOW to HIGH'"),
        ("1 to 2, squared", r"x='1 to 2, squared' must be 'LOW to HIGH'"),
        ("2 to 1", r"x='2 to 1' must have LOW < HIGH"),
        ("1 to 1", r"x='1 to 1' must have LOW < HIGH"),
        ("0 to 1, log", r"x='0 to 1, log' must have LOW < HIGH, both > 0"),
        ("0.5 to 2, integer", r"x='0.5 to 2, integer' must have integers LOW < HIGH"),
        ([32], r"x=\[32\] must be two or more numbers in rising order"),
        ([2, 1], r"must be two or more numbers in rising order"),
        (["SGD", "OSGD"], r"must be two or more numbers in rising order"),
        (3, r"x=3 must be 'LOW to HIGH'"),
    ],
)
def test_what_is_no_range_is_one_clear_line(value, message):
    with pytest.raises(ValueError, match=message):
        read_range("x", value)


def test_numbers_have_three_digits_unless_all_are_wanted():
    assert Range(0, 1).values(torch.tensor([1 / 3]).numpy()) == [0.333]
    assert Range(0, 1, digits=None).values(torch.tensor([1 / 3], dtype=torch.float64).numpy()) == [1 / 3]
    assert Range(0.12345, 1).values(torch.tensor([0.0]).numpy()) == [0.12345]  # rounding does not leave the range
