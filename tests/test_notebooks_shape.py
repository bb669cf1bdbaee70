"""The form that every notebook keeps: short, without outputs, with its profiles and its claims in step."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelspec import get_kernel_dict
from papermill.inspection import _infer_parameters
from papermill.iorw import load_notebook_node

from replication.parameters.files import read_values
from replication.reporting import notebooks as experiments
from replication.reporting.parameters_cell import notebook_defaults

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
CLAIMS = yaml.safe_load((ROOT / "replication" / "reporting" / "claims.yaml").read_text(encoding="utf-8"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def profiles(path):
    """Return {profile: its values} of the YAML files of a notebook."""
    return {name: read_values(file, notebook_defaults(path)) for name, file in experiments.profiles(path).items()}


def string_constants(source):
    return {
        node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_there_are_notebooks_and_every_profile_belongs_to_one():
    assert NOTEBOOKS
    folders = {folder.name for folder in (ROOT / "notebooks" / "profiles").iterdir()}
    assert folders == {path.stem.split("_", 1)[1] for path in NOTEBOOKS}
    assert not list((ROOT / "notebooks").glob("*.yaml"))


@every_notebook
def test_is_valid_and_stored_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None


@every_notebook
def test_is_stored_as_jupyterlab_would_save_it(path):
    """Else JupyterLab completes the metadata when it opens a notebook, and marks it as changed."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    kernel, language = notebook["metadata"]["kernelspec"], notebook["metadata"]["language_info"]
    wanted = {"name": "python3", "display_name": get_kernel_dict()["display_name"], "language": "python"}
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"} and kernel == wanted
    # With another version than that of the kernel the mark appears all the same.
    assert re.fullmatch(r"3\.\d+\.\d+", language["version"])
    assert language == IPythonKernel.language_info | {"version": language["version"]}
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert all("id" in cell for cell in notebook["cells"])


@every_notebook
def test_is_short(path):
    cells = nbformat.read(path, as_version=4).cells
    lines = [line for cell in code_cells(path) for line in cell.source.splitlines() if line.strip()]
    assert len(cells) <= 12
    assert len(lines) <= 120


@every_notebook
def test_begins_with_text_and_parameters_and_ends_with_finish(path):
    first, second, *_, last = nbformat.read(path, as_version=4).cells
    assert first.cell_type == "markdown"
    assert second.metadata.get("tags") == ["parameters"]
    values = notebook_defaults(path)
    assert list(values)[:2] == ["profile", "results_dir"]
    assert values["profile"] == "default"
    assert values["results_dir"] == f"results/local/{path.stem.split('_', 1)[1]}"
    assert last.source.rstrip().endswith("run.finish()\nprint(run.written())")


@every_notebook
def test_reads_its_parameters_before_it_assigns_anything(path):
    """`notebook_parameters(globals())` takes every plain value for a parameter."""
    statements = ast.parse(code_cells(path)[1].source).body
    while isinstance(statements[0], ast.Import | ast.ImportFrom | ast.Expr):
        statements = statements[1:]
    assert ast.unparse(statements[0]).startswith(
        f"run = start_run('{path.stem}', check_parameters(notebook_parameters(globals()))"
    )


@every_notebook
def test_the_default_profile_repeats_the_parameters_cell(path):
    expected = {name: value for name, value in notebook_defaults(path).items() if name != "results_dir"}
    assert profiles(path)["default"] == expected


@every_notebook
def test_every_profile_sets_only_parameters_that_exist(path):
    assert {"default", "smoke"} <= set(profiles(path))
    for profile, values in profiles(path).items():
        assert values["profile"] == profile
        assert set(values) <= set(notebook_defaults(path)) - {"results_dir"}


@every_notebook
def test_gives_a_verdict_on_exactly_its_claims(path):
    """Claim ids may be written in a call of run.claim, or in the module that computes the verdict."""
    code = "\n".join(cell.source for cell in code_cells(path))
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "run.claim"]
    assert calls
    own = {claim for claim, entry in CLAIMS.items() if entry["notebook"] == path.stem}
    written = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    assert written <= own, "not registered for this notebook in claims.yaml"
    elsewhere = (
        set()
        if len(written) == len(calls)
        else set.union(
            *(string_constants(module.read_text(encoding="utf-8")) for module in (ROOT / "replication").rglob("*.py"))
        )
    )
    assert own <= string_constants(code) | elsewhere, "registered in claims.yaml for this notebook, but without a verdict"


def test_every_claim_is_complete():
    for claim, entry in CLAIMS.items():
        assert {"claim", "where", "notebook"} <= set(entry) <= {"claim", "where", "notebook", "kind"}, claim
        assert entry.get("kind", "extension") == "extension", claim


@every_notebook
def test_papermill_reads_every_parameter(path, caplog):
    """A `=` in a comment, say, makes it drop the line with a warning."""
    found = [parameter.name for parameter in _infer_parameters(load_notebook_node(str(path)))]
    assert found == list(notebook_defaults(path)) and caplog.text == ""
