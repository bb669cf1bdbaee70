"""Tables read strictly, against what the csv module writes, and one line for each fault."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replication.datasets.pairs.csv_table import UNCLOSED, read_table

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=9)  # not all Pythons quote \r


@pytest.fixture
def table(tmp_path):
    """table(text): write it, and return the rows that are read."""

    def read(text, separator="", needed=("a",), optional=("split",)):
        path = tmp_path / "t.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_table(path, separator, needed, optional)

    return read


@pytest.fixture
def refusal(table, tmp_path):
    def read(*arguments, **options):
        with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
            table(*arguments, **options)
        return str(caught.value).replace(str(tmp_path / "t.csv"), "FILE")

    return read


@given(st.lists(st.tuples(CELL, CELL), min_size=1), st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]))
def test_what_the_csv_module_writes_is_read(tmp_path_factory, rows, separator, end):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, lineterminator=end).writerows([("a", "b"), *rows])
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(file.getvalue().encode())
    found = read_table(path, separator, ("a", "b"))
    assert [tuple(row.values()) for _, row in found] == [row for row in rows if any(cell.strip() for cell in row)]


def test_marks_line_ends_and_blank_lines(table):
    assert table(b"\xef\xbb\xbf\r\na,b\r\n\r\n1,2\r\n , \r\n3,4") == [(4, {"a": "1", "b": "2"}), (6, {"a": "3", "b": "4"})]
    assert table("a\tb\n1\tx, y\n") == [(2, {"a": "1", "b": "x, y"})]
    assert table("\na\tb\n1\t2\n") == [(3, {"a": "1", "b": "2"})]
    assert table("a,b\n") == []


def test_quotation_marks(table):
    rows = ['1,"one, ""two"""', '2,a 5" disk and a 3" one', "3,it's", '4, "spaced"', '5,"two\nlines"', "6,x\u2028y"]
    found = table("\n".join(["a,b", *rows]))
    assert [row["b"] for _, row in found] == [
        'one, "two"', 'a 5" disk and a 3" one', "it's", ' "spaced"', "two\nlines", "x\u2028y",
    ]  # fmt: skip
    assert [line for line, _ in found] == [2, 3, 4, 5, 6, 8]


@pytest.mark.parametrize(
    "row", ['"Hello there', '"Hello" she said', '"Hello there\n9,x\n9,"Hello there', '"Hello ""there""', '"a"b"']
)
def test_an_unclosed_field_names_the_line_where_it_begins(refusal, row):
    text = f"a,b\n1,x\n2,{row}\n3,y\n"
    assert refusal(text) == f"FILE, line 3: {UNCLOSED}"
    assert refusal(text.replace(",", "\t")) == f"FILE, line 3: {UNCLOSED}"
    assert refusal("a,b\n1," + '"' + "x" * 200_000) == f"FILE, line 2: {UNCLOSED}"  # longer than the csv module reads


def test_rows_with_more_or_fewer_cells_than_columns(refusal):
    assert refusal("a,b\n1,2\n3\n4,5,6\n") == (
        "2 of 3 rows of FILE do not have 2 cells, one for each column: line 3 has 1, line 4 has 3; "
        "put fields that hold a separator in quotes"
    )
    assert refusal("a,b\n" + "1\n" * 9).count("has 1") == 5


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("b,c", "FILE has no column 'a'; it has 'b', 'c'"),
        ("A,b", "FILE has no column 'a'; it has 'A', 'b'"),
        ("a,a,b", "FILE has 2 columns for 'a': 'a', 'a'; leave one of them"),
        ("a,a ,b", "FILE has 2 columns for 'a': 'a', 'a '; leave one of them"),
        ("a,split,Split", "FILE has 2 columns for 'split': 'split', 'Split'; leave one of them"),
        ("a,Split", "FILE has a column 'Split'; if it is meant as 'split', give it that name, else another one"),
        ("a, split", "FILE has a column ' split'; if it is meant as 'split', give it that name, else another one"),
    ],
)
def test_columns_that_are_missing_or_nearly_there_twice(refusal, header, message):
    cells = ",".join("1" * len(header.split(",")))
    assert refusal(f"{header}\n{cells}\n") == message


def test_columns_that_nobody_reads_may_be_called_anything(table):
    assert table("a,x,x,,\n1,2,3,,\n")[0][1]["a"] == "1"


@pytest.mark.parametrize("separator", [";;", '"', "\n", 5])
def test_separators(refusal, separator):
    assert refusal("a,b\n", separator).startswith(f"separator={separator!r} must be one character")


def test_other_encodings(refusal):
    assert refusal("a,b\n1,é\n".encode("latin-1")) == "FILE, line 2: not UTF-8 (byte 0xe9); save the file as UTF-8"
    assert "NUL byte" in refusal("a,b\n1,x\0\n") and "not UTF-8" in refusal("a,b\n".encode("utf-16"))
