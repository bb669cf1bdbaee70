"""Our docstrings as Sphinx must see them."""

import pytest

pytest.importorskip("sphinx")

from book.docstrings import for_sphinx


def test_indented_blocks_are_code_and_sections_are_not():
    text = ["Summary.", "", "    code(a | b)", "", "More.", "", "Args:", "    u: one | two.", "", "        deeper"]
    changed = for_sphinx(text)
    assert changed[:5] == ["Summary.", "", "::", "", "    code(a | b)"]
    assert changed.count("::") == 1 and r"    u: one \| two." in changed


def test_a_colon_in_what_is_returned_names_no_type():
    assert for_sphinx(["Do it.", "", "Returns:", "    R@1 in %: of both."])[-1] == ":returns: R@1 in %: of both."


def test_attributes_that_share_their_words_stay_together():
    assert for_sphinx(["X.", "", "Attributes:", "    low, high: the bounds."])[-1] == "    low,high: the bounds."
