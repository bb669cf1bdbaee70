"""Links to files of the repository become links of the book."""

import re
from pathlib import Path

import pytest

from book.links import book_links, label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](../results/map/cpu/tables/map.md)", "[a](#run-map-cpu-table-map)"),
        ("[a](results/map/cpu/timings/cost.md).", "[a](#run-map-cpu-timing-cost)."),
        ("[a](../../results/map/cpu/figures/dose.png)", "[a](#run-map-cpu-figure-dose)"),
        ("[run](results/map/cpu/run.json)", "[run](#run-map-cpu)"),
        ("[n](../notebooks/07_map.ipynb)", "[n](/generated/notebooks/07_map.ipynb)"),
        ("[l](../results/CLAIMS.md#not-run)", "[l](/ledger.md#not-run)"),
        ("[d](../data/README.md)", "[d](/generated/data.md)"),
        ("[e](../examples/choose_batches.py)", "[e](/../examples/choose_batches.py)"),
        ("[b](../replication/selection/base.py)", "[b](#replication.selection.BatchSelector)"),
        ("![words [N, d]](../results/map/cpu/figures/map.png)", "![words [N, d]](/../results/map/cpu/figures/map.png)"),
        (
            "[the guide](choosing.md) and [out](https://arxiv.org/abs/1)",
            "[the guide](choosing.md) and [out](https://arxiv.org/abs/1)",
        ),
    ],
)
def test_a_link_that_works_in_a_clone_works_in_the_book(text, expected):
    assert book_links(text) == expected


def test_labels_tell_runs_and_their_parts_apart():
    assert label("map", "cpu") == "run-map-cpu"
    assert label("map", "cpu", "table", "map") != label("map", "cpu", "figure", "map")


ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_links_to_are_there(page):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", page.read_text(encoding="utf-8"))
    # `make book` writes these pages, and fails itself on one that is missing: a fresh clone has none of them
    links = [link for link in links if not link.startswith("generated/")]
    assert [link for link in links if not (page.parent / link).exists()] == []
