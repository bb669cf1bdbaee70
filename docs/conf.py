"""Settings of the book. `make book` builds it into docs/_build/html; nothing is executed but the selectors' pictures."""

import sys
from importlib.util import find_spec
from pathlib import Path

import matplotlib

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
matplotlib.use("agg")

from docutils import nodes

import replication
from book import docstrings, formulas
from book.api import write_api
from book.ledger import write_ledger
from book.links import book_links
from book.measured import substitutions
from book.notebooks import alternative_texts, write_notebooks
from book.places import ROOT, remove_the_rest, write
from book.runs import write_runs
from book.selectors import write_selectors

project = "Mini-batches for contrastive learning"
author = "The replication authors"
copyright = author
version = release = replication.__version__
html_title = project

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "generated/*_entries.md"]
nb_execution_mode = "off"
nb_output_stderr = "remove"
nb_ipywidgets_js = {}  # no notebook has widgets, and their scripts would come from elsewhere
myst_heading_anchors = 3
nb_render_markdown_format = "myst"
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath", "substitution"]
myst_substitutions = substitutions()

highlight_language = "none"  # blocks that name no language are commands and formulas

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# Extras that the book does not install: signatures and docstrings can be read all the same.
extras = [
    "accelerate",
    "dask",
    "dask_jobqueue",
    "distributed",
    "faiss",
    "lightning",
    "sentence_transformers",
    "transformers",
    "zarr",
]
autodoc_mock_imports = [name for name in extras if find_spec(name) is None]
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 90
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_custom_sections = [("Arguments of the call", "params_style")]

# A name of ours must lead somewhere. Those of other libraries are documented elsewhere.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!replication\.).*")]

html_theme = "sphinx_book_theme"
html_theme_options = {
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navigation_with_keys": False,
    # One search field is enough: the one in the sidebar.
    "navbar_persistent": [],
    "navbar_start": [],
    "navbar_end": [],
}
html_static_path = ["static"]
html_css_files = ["book.css"]
html_favicon = "static/icon.svg"
html_context = {"default_mode": "auto"}
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_domain_indices = False


def _write(app) -> None:
    write_runs()
    write_notebooks()
    write_ledger()
    write_selectors()
    write_api()
    write("data.md", (ROOT / "data" / "README.md").read_text(encoding="utf-8"))
    remove_the_rest()


def _links_into_the_book(app, docname: str, text: list[str]) -> None:
    if not docname.startswith("generated/"):  # those have them already
        text[0] = book_links(text[0])


def _describe_figures(app, doctree: nodes.document) -> None:
    """Give the figures of notebooks the words of figures.yaml, in their order."""
    name = app.env.docname.rpartition("/")[2]
    words = list(alternative_texts().get(name.partition("_")[2], {}).values())
    bare = [image for image in doctree.findall(nodes.image) if not image.get("alt")]
    for number, image in enumerate(bare):
        image["alt"] = words[number] if number < len(words) else f"Figure {number + 1} of notebook {name}"


def setup(app) -> None:
    """Connect what the book does of its own."""
    docstrings.setup(app)
    formulas.setup(app)
    app.connect("builder-inited", _write)
    app.connect("source-read", _links_into_the_book)
    app.connect("doctree-read", _describe_figures)
