"""Texts become values of the type that they replace."""

import math

import pytest

from replication.parameters.values import value_like

TEXTS = [
    ",",
    "|",
    ":",
    "#",
    "&",
    "\t",
    "",
    "null",
    "no",
    "007",
    "1:30",
    "2024-01-02",
    "/out/run #1",
    "a: b.csv",
    "@x",
    "[4",
    " x ",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_stays_as_it_stands(text):
    assert value_like("default", "name", text) == text


@pytest.mark.parametrize(
    ("example", "text", "value"),
    [
        (3, "5", 5),
        (3, "-5", -5),
        (3, "007", 7),
        (0.5, "1e-4", 1e-4),
        (0.5, "5E-4", 5e-4),
        (0.5, "2", 2.0),
        (0.5, "inf", math.inf),  # what may be infinite is for others to say
        (True, "false", False),
        (False, "True", True),
        (True, "no", False),
        ([1], "[2, 3]", [2, 3]),
        ([1], "[]", []),
        ([0.5], "[1, 1e-3]", [1.0, 0.001]),
        ([1, 0.5], "[1]", [1.0]),
        ([[4, 2]], "[[8, 4], [2, 1]]", [[8, 4], [2, 1]]),
        (["SGD"], "[SC, 007, no]", ["SC", "007", "no"]),
        (["SGD"], '["SwapSearch, whole set"]', ["SwapSearch, whole set"]),
        (None, "null", None),
        (None, "1e-3", 0.001),
        (None, "[1, 1e-3]", [1, 0.001]),
        ([], "[1, x]", [1, "x"]),
        ({}, "{a: 1e-3}", {"a": 0.001}),
    ],
)
def test_other_texts_are_read_by_the_type_of_the_example(example, text, value):
    found = value_like(example, "name", text)
    assert found == value and type(found) is type(value)
    if isinstance(value, list):
        assert [type(each) for each in found] == [type(each) for each in value]


@pytest.mark.parametrize(
    ("example", "value"), [("x", "y"), (3, 4), (0.5, 2.0), (True, False), ([1], [2]), (["a"], ["b"]), ([[1]], [[2]]), (None, 3)]
)
def test_values_of_the_type_pass(example, value):
    assert value_like(example, "name", value) == value


@pytest.mark.parametrize(
    ("example", "value", "must_be"),
    [
        ("x", 5, "a text"),
        ("x", None, "a text"),
        (3, "1:30", "an integer"),
        (3, "2.0", "an integer"),
        (3, 2.0, "an integer"),
        (3, True, "an integer"),
        (3, "", "an integer"),
        (0.5, "many", "a number"),
        (0.5, True, "a number"),
        (0.5, 10**400, "a number"),
        (True, "1", "true or false"),
        (True, 1, "true or false"),
        (["a"], "null", "a list of texts"),
        (["a"], "a,b", "a list of texts"),
        (["a"], "[a", "a list of texts"),
        (["a"], "\t[a]", "a list of texts"),
        ([1], "[a]", "a list of integers"),
        ([1], "3", "a list of integers"),
        ([[4, 2]], "[4, 2]", "a list of lists of integers"),
        ([[0.5]], "[[x]]", "a list of lists of numbers"),
        (None, "[1", "a value that YAML can read"),
        ({}, "5", "a mapping"),
        ([], "5", "a list"),
    ],
)
def test_what_cannot_be_read_so_is_one_line(example, value, must_be):
    with pytest.raises(ValueError) as caught:
        value_like(example, "name", value)
    assert str(caught.value) == f"name={value!r} must be {must_be}"
