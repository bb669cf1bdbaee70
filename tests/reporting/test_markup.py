"""Users' texts in LaTeX and Markdown: no sign of them is read as markup."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from latex_checks import faults

from replication.files import project_root
from replication.reporting.markup import latex_text, markdown_text
from replication.validation import one_line

PRICES = "mug_1: was $12; 25% off: $9 & more #2"


def in_a_table(text):
    return f"\\begin{{tabular}}{{l}}\n{latex_text(text)} \\\\\n\\end{{tabular}}\n"


def test_latex_of_signs_with_a_meaning():
    assert latex_text(PRICES) == r"mug\_1: was \$12; 25\% off: \$9 \& more \#2"
    assert latex_text("a\\b {c} ~ ^ <d> |e|") == (
        r"a\textbackslash{}b \{c\} \textasciitilde{} \textasciicircum{} \textless{}d\textgreater{} \textbar{}e\textbar{}"
    )
    assert latex_text("[1, 2]") == "{[}1, 2{]}"  # at the beginning of a row it would be an argument
    assert latex_text("--lr ---") == "-{}-lr -{}-{}-"


def test_latex_of_units_and_letters():
    assert latex_text("1 ± 2 µm, N ≤ d·η, Δ → ∞") == r"1 $\pm$ 2 µm, N $\leq$ d$\cdot$$\eta$, $\Delta$ $\rightarrow$ $\infty$"
    assert latex_text("café, Łódź, “x” – y…") == r"café, Łódź, ``x'' -- y\ldots{}"
    assert latex_text("用") == "{[}U+7528{]}" and latex_text("ð") == "{[}U+00F0{]}"
    assert latex_text("two\nlines\u2028three\0") == "two lines three"


@given(st.text())
def test_no_text_stops_latex(text):
    assert faults(in_a_table(text)) == []


@pytest.mark.parametrize("text", ["50 %", "a_b", "{", "}", "≤", "ð", "$", "a & b", "[x", "#"])
def test_the_check_itself_finds_faults(text):
    assert faults(f"\\begin{{tabular}}{{l}}\n{text} \\\\\n\\end{{tabular}}\n")


@pytest.mark.parametrize(
    "path", sorted((project_root() / "results").glob("[!l]*/*/tables/*.tex")), ids=lambda p: "/".join(p.parts[-4:])
)
def test_the_committed_tables_compile(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PRICES, r"mug_1: was \$12; 25% off: \$9 & more #2"),
        ("a | b\nc", r"a \| b c"),
        (r"a\|b", r"a\\\|b"),
        ("*bold* _it_ a_b `code`", r"\*bold\* \_it\_ a_b \`code\`"),
        ("<b> but 1 < 2 <= 3", r"\<b> but 1 < 2 <= 3"),
        ("[a](b) but [a] and ~~x~~ &amp; & co", r"\[a](b) but [a] and \~~x\~~ \&amp; & co"),
        ("# no heading", r"\# no heading"),
        ("- 5 > 3", r"\- 5 > 3"),
    ],
)
def test_markdown(text, expected):
    assert markdown_text(text) == expected


@given(st.text())
def test_a_cell_of_markdown_ends_where_it_ends(text):
    escaped = markdown_text(text)
    assert not re.search(r"(?<!\\)(\\\\)*\|", escaped) and "\n" not in escaped and "\u2028" not in escaped
    assert re.sub(r"\\([!-/:-@[-`{-~])", r"\1", escaped) == one_line(text)  # as Markdown shows it
