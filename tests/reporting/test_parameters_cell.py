"""The parameters cell, as people edit it in JupyterLab."""

import nbformat
import pytest

from replication.reporting.parameters_cell import notebook_defaults


@pytest.fixture
def defaults(tmp_path):
    """Return what is read from a notebook with this parameters cell."""

    def read(source, tags=("parameters",), count=1):
        cells = [nbformat.v4.new_markdown_cell("# Words")]
        cells += [nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}) for _ in range(count)]
        nbformat.write(nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_code_cell("k = 1")]), tmp_path / "01_x.ipynb")
        return notebook_defaults(tmp_path / "01_x.ipynb")

    return read


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('k = "/data/split=train/pairs.csv"', "/data/split=train/pairs.csv"),
        ("k = 5.0e-4  # or k = 1e-3", 5e-4),
        ('k = "a # b"', "a # b"),
        ("k = 4 * 10", 40),
        ("k = (2 ** 5 - 1) // 2 % 10", 5),
        ("k = -3 / 2", -1.5),
        ("k = [2 * 3, (4, 2), None]", [6, [4, 2], None]),
        ("k = [\n    1,  # one\n    2,\n]", [1, 2]),
        ("k: int = 3", 3),
        ("k = 1\nk = 2", 2),
        ('k = {"a": True}', {"a": True}),
        ('"""Words."""\nimport os\nk = 1', 1),
    ],
)
def test_the_value_is_what_python_makes_of_it(defaults, source, value):
    found = defaults(source)
    assert found == {"k": value} and type(found["k"]) is type(value)


def test_parameters_keep_their_order(defaults):
    assert list(defaults("b = 1\na = 2\nc = 3")) == ["b", "a", "c"]


@pytest.mark.parametrize(
    "statement",
    [
        "k = len('x')",
        "k = [os.sep]",
        "k = seeds",
        "a, k = 1, 2",
        "k = a = 3",
        "k += 1",
        "k = 'a' * 3",
        "k = 1 / 0",
        "k = 1 << 3",
        "k = not 1",
    ],
)
def test_anything_else_is_one_line_that_names_it(defaults, statement):
    with pytest.raises(ValueError) as caught:
        defaults(f"seeds = 3\n{statement}")
    text = str(caught.value)
    assert "\n" not in text and "01_x.ipynb, parameters cell, line 2: " in text and "must be NAME = VALUE with a text" in text
    assert statement in text or statement in text.replace('"', "'")


def test_what_is_no_python_is_one_line(defaults):
    with pytest.raises(ValueError, match=r"01_x.ipynb, parameters cell, line 2: invalid syntax$"):
        defaults("k = 1\n%matplotlib inline")


@pytest.mark.parametrize("count", [0, 2])
def test_there_must_be_one_such_cell(defaults, count):
    with pytest.raises(ValueError, match=rf"01_x.ipynb has {count} code cells with the tag 'parameters'; it must have one$"):
        defaults("k = 1", count=count)


@pytest.mark.parametrize("content", ["", '{"cells": [', "<<<<<<< HEAD\n{}", "[]"])
def test_a_damaged_notebook_is_one_line(tmp_path, content):
    path = tmp_path / "01_x.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"01_x.ipynb cannot be read as a notebook: ") as caught:
        notebook_defaults(path)
    assert "\n" not in str(caught.value)
