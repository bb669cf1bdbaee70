"""A page for each notebook: the committed execution of its most telling run, as it was."""

import copy
import re
from pathlib import Path

import nbformat
import yaml

from book.links import book_links, label, shown_runs
from book.places import DOCS, RESULTS, ROOT, write
from replication.reporting.finished_runs import finished_runs


def notebooks() -> dict[str, Path]:
    """Return the notebooks of this project by name."""
    return {path.stem: path for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))}


def write_notebooks() -> None:
    """Write the page of each notebook; of one without a committed run its text and code."""
    shown = shown_runs()
    for name, source in notebooks().items():
        run = shown.get(name)
        path = RESULTS / run[0] / run[1] / f"{name}.ipynb" if run else source
        write(f"notebooks/{name}.ipynb", nbformat.writes(page(nbformat.read(path, as_version=4), name, run)))


def page(notebook: nbformat.NotebookNode, name: str, run: tuple[str, str] | None) -> nbformat.NotebookNode:
    """Return a copy fit for the book: links lead into it, code is folded, and a note says from which run the outputs are."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = book_links(cell.source)
        else:
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
    title, _, rest = notebook.cells[0].source.partition("\n")
    notebook.cells[0].source = f"{title}\n\n{note(name, run)}\n{rest}"
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # papermill draws them anew in each run
    return notebook


def note(name: str, run: tuple[str, str] | None) -> str:
    """Return the words under a notebook's title: its run, and the other runs of it."""
    runs = [key for key, record in finished_runs(RESULTS).items() if record["notebook"] == name]
    if run is None:
        return f":::{{note}}\nNo run of `{name}` is committed yet: this page shows its text and its code.\n:::\n"
    others = ", ".join(f"[{other[1]}](#{label(*other)})" for other in runs if other != run)
    return (
        f":::{{note}}\nExecuted with the profile `{run[1]}`; nothing is computed when this page is built. "
        f"[All tables, figures and the record of this run](#{label(*run)})."
        f"{f' Other runs: {others}.' if others else ''}\n:::\n"
    )


def alternative_texts() -> dict[str, dict[str, str]]:
    """Return {experiment: {figure: what it shows, in words}}, in the order in which notebooks show them."""
    return yaml.safe_load((DOCS / "figures.yaml").read_text(encoding="utf-8"))


def describe(experiment: str, figure: str) -> str:
    """Return what a figure shows; of one that figures.yaml does not know its name."""
    for name, words in alternative_texts().get(experiment, {}).items():
        if re.fullmatch(name, figure):
            return words
    return f"Figure {figure} of the experiment {experiment}"
