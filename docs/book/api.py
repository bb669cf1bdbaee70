"""The reference: a page for each package that offers names, made from its docstring and `__all__`."""

import ast
from functools import cache

from book.places import ROOT, write

PACKAGE = ROOT / "replication"
NOT_A_LIBRARY = ("experiments", "reporting")
# Modules that are imported from as they are.
MODULES = (
    *("geometry", "evaluation.shares", "selection.registry", "seeding"),
    *("training.loop", "training.settings", "training.checkpoint", "training.schedule"),
)


@cache
def public_names() -> dict[str, list[str]]:
    """Return {package: its public names}, read from the source: nothing is imported."""
    found = {}
    for path in sorted(PACKAGE.rglob("__init__.py")):
        package = ".".join(path.parent.relative_to(ROOT).parts)
        names = _all(_tree(package))
        if names and package.split(".")[1] not in NOT_A_LIBRARY:
            found[package] = names
    for name in MODULES:
        defined = [node.name for node in _tree(f"replication.{name}").body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        found[f"replication.{name}"] = [each for each in defined if not each.startswith("_")]
    return dict(sorted(found.items()))


def _all(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def write_api() -> None:
    """Write the pages, and the list of them."""
    packages = public_names()
    for package, names in packages.items():
        write(f"api/{package}.md", page(package, names))
    lines = "\n".join(f"{package.removeprefix('replication.')} <{package}>" for package in packages)
    rows = "\n".join(
        f"| [`{package}`]({package}.md) | " + ", ".join(f"{{py:obj}}`~{package}.{name}`" for name in names) + " |"
        for package, names in packages.items()
    )
    listing = f"| Import from | Names |\n|---|---|\n{rows}"
    write("api/index.md", f"# Reference\n\nEvery public name.\n\n{listing}\n\n```{{toctree}}\n:hidden:\n\n{lines}\n```\n")


def page(package: str, names: list[str]) -> str:
    """Return a package's page: its docstring, which is Markdown, and an entry for each name."""
    kinds = {name: kind(package, name) for name in names}
    options = {"class": "\n   :members:", "data": "\n   :no-value:", "function": ""}
    entries = [f".. auto{kind}:: {package}.{name}{options[kind]}" for name, kind in kinds.items()]
    body = "\n\n".join(entries)
    return f"# {package}\n\n{docstring(package)}\n\n```{{eval-rst}}\n.. default-role:: name\n\n{body}\n```\n"


def docstring(package: str) -> str:
    """Return the docstring of a package or module."""
    return ast.get_docstring(_tree(package)) or ""


@cache
def _tree(package: str) -> ast.Module:
    place = ROOT / package.replace(".", "/")
    return ast.parse((place / "__init__.py" if place.is_dir() else place.with_suffix(".py")).read_text(encoding="utf-8"))


def kind(package: str, name: str) -> str:
    """Return "class", "function" or "data": what a public name is, found by following the import that brings it."""
    for node in _tree(package).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return "class"
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return "function"
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
            return kind(node.module, next(alias.name for alias in node.names if (alias.asname or alias.name) == name))
    return "data"
