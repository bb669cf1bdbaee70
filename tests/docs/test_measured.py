"""Each `{{ name }}` of the book's own pages is known, and each that is known is shown."""

import re
from pathlib import Path

from book.measured import substitutions

DOCS = Path(__file__).parents[2] / "docs"


def test_every_name_that_a_page_uses_is_known_and_used():
    used = set()
    for path in DOCS.glob("*.md"):
        used |= set(re.findall(r"\{\{ (\w+) \}\}", path.read_text(encoding="utf-8")))
    assert used | {"run_times"} == set(substitutions())
