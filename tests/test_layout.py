"""The three rules of the layout, read from the imports, and the folders of the tests, which mirror the package and docs/."""

import ast
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "replication"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the dotted names of this package that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] == "replication"}


def wing(name: str) -> str:
    """Return "experiments.<experiment>", "reporting", or "library"."""
    parts = name.split(".")
    if parts[1:2] == ["experiments"]:
        return ".".join(parts[1:3])
    return "reporting" if parts[1:2] == ["reporting"] else "library"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


COMMAND_LINE = {"replication.__main__"}  # `python -m replication` starts everything


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_the_rules(path):
    name = module_name(path)
    mine, others = wing(name), imported(path)
    if mine == "library" and name not in COMMAND_LINE:
        assert not [other for other in others if wing(other) != "library"], "the library imports only itself"
    if mine == "reporting":
        assert not [other for other in others if wing(other).startswith("experiments")], "reporting knows no experiment"
    if mine.startswith("experiments."):
        allowed = {mine, "experiments.grid", "experiments.checks", "reporting", "library"}
        assert {wing(other) for other in others} <= allowed, "experiments know each other only through grid"


def test_no_two_modules_need_each_other():
    """Imports inside functions count too. A package's `__init__` is its face: who imports it does not import what it shows."""
    files = [path for path in MODULES if path.name != "__init__.py"]
    names = {module_name(path) for path in files}
    needs = nx.DiGraph([(module_name(path), other) for path in files for other in imported(path) & names])
    assert list(nx.simple_cycles(needs)) == []


def test_experiments_are_named_as_their_notebooks():
    packages = {path.name for path in (PACKAGE / "experiments").iterdir() if (path / "__init__.py").is_file()}
    assert packages - {"grid"} == {path.stem.split("_", 1)[1] for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}


def test_tests_mirror_the_package():
    for test in (ROOT / "tests").rglob("test_*.py"):
        folder = test.parent.relative_to(ROOT / "tests")
        others = (ROOT / folder).is_dir() or folder.name == "browser"  # docs/; the book and the notebooks as readers see them
        assert (PACKAGE / folder).is_dir() or others, f"{test} tests no folder of the package"
