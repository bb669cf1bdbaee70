"""Tables in Markdown from rows of text."""

import pandas as pd

from replication.reporting.finished_runs import markdown_table


def test_cells_keep_their_links_and_cannot_end_early():
    rows = pd.DataFrame({"a": ["[x](y.md)", "1 | 2", "two\nlines", "back\\|slash"], "b": [1, 2, 3, 4], "c": 0})
    assert markdown_table(rows, {"a": "A", "b": "B"}).split("\n") == [
        "| A | B |",
        "|---|---|",
        "| [x](y.md) | 1 |",
        r"| 1 \| 2 | 2 |",
        "| two lines | 3 |",
        r"| back\\\|slash | 4 |",
    ]
