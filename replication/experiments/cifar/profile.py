"""The parameters of a profile of 05_cifar, read without the packages that notebooks need."""

import ast
import json

from replication.files import project_root
from replication.parameters.files import read_values
from replication.parameters.values import value_like
from replication.validation import check_choice


def profile_parameters(profile: str, changes: dict[str, str] | None = None) -> dict:
    """Return all parameters of a profile, with `changes`, texts as people write them, on top.

    `replication.reporting.notebooks.resolve` does the same for any notebook, and checks more; it needs Jupyter.

    Raises:
        ValueError, TypeError, OSError: no such profile, or a value of another type than the notebook's.
    """
    notebooks = project_root() / "notebooks"
    files = {path.stem: path for path in sorted((notebooks / "profiles" / "cifar").glob("*.yaml"))}
    check_choice("profile", profile, files)
    cells = json.loads((notebooks / "05_cifar.ipynb").read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    lines = ast.parse("".join(cell["source"])).body
    defaults = {line.targets[0].id: ast.literal_eval(line.value) for line in lines if isinstance(line, ast.Assign)}
    parameters = defaults | read_values(files[profile], defaults)
    for name, text in (changes or {}).items():
        parameters[name] = value_like(defaults[name], name, text)
    return parameters
