"""A notebook's page is its committed execution, with a note on the run and with words for each figure."""

import nbformat
import pytest

from book.links import shown_runs
from book.notebooks import alternative_texts, describe, notebooks, page
from book.places import RESULTS

SHOWN = shown_runs()


@pytest.mark.parametrize("name", SHOWN)
def test_outputs_are_those_of_the_committed_run(name):
    experiment, profile = SHOWN[name]
    committed = nbformat.read(RESULTS / experiment / profile / f"{name}.ipynb", as_version=4)
    shown = page(committed, name, SHOWN[name])
    assert [cell.get("outputs") for cell in shown.cells] == [cell.get("outputs") for cell in committed.cells]
    assert f"profile `{profile}`" in shown.cells[0].source and "results/" not in shown.cells[0].source
    figures = sum("image/png" in output.get("data", {}) for cell in committed.cells for output in cell.get("outputs", []))
    words = alternative_texts().get(experiment)
    assert words is None or figures == len(words), "each figure has its words in docs/figures.yaml"


def test_a_notebook_without_a_run_says_so():
    name, path = next(iter(notebooks().items()))
    first = page(nbformat.read(path, as_version=4), name, None).cells[0].source
    assert f"No run of `{name}` is committed yet" in first and first.startswith("# ")


def test_figures_of_runs_have_words():
    for experiment, profile in (run for run in SHOWN.values() if run[0] in alternative_texts()):
        for path in (RESULTS / experiment / profile / "figures").glob("*.png"):
            assert not describe(experiment, path.stem).startswith("Figure "), path
