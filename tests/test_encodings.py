"""Files are UTF-8 on every system: whoever reads or writes text says so, as Python's default is the system's."""

import ast
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("replication", "tests", "examples", "docs")
PROCESSES = {"run", "Popen", "check_output", "check_call", "call"}


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("[!.]*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        yield path.name, "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def without_encoding(source):
    """Return the lines of calls that read or write text without an encoding."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and is_text(node) and not any(word.arg == "encoding" for word in node.keywords):
            lines.append(node.lineno)
    return lines


def is_text(call):
    owner, name = ast.unparse(call.func).rpartition(".")[::2]
    words = {word.arg: word.value for word in call.keywords}
    if name in ("read_text", "write_text"):
        return len(call.args) <= (name == "write_text")
    if name == "open" and owner not in ("Image", "os", "webbrowser"):
        modes = [words["mode"]] if "mode" in words else call.args[(owner == "") :][:1]
        return not any(isinstance(mode, ast.Constant) and "b" in str(mode.value) for mode in modes)
    if name in PROCESSES and owner == "subprocess":
        return "text" in words or "universal_newlines" in words
    return name == "NamedTemporaryFile" and isinstance(words.get("mode"), ast.Constant) and "b" not in words["mode"].value


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.read_text()", [1]),
        ("path.read_text('utf-8')", []),
        ("path.write_text(words)", [1]),
        ("path.write_text(words, encoding='utf-8')", []),
        ("open(path)", [1]),
        ("open(path, 'rb')", []),
        ("path.open('w')", [1]),
        ("path.open('wb')", []),
        ("open(path, mode='w')", [1]),
        ("subprocess.run(x, text=True)", [1]),
        ("subprocess.run(x)", []),
    ],
)
def test_calls_without_an_encoding_are_found(source, found):
    assert without_encoding(source) == found


def test_every_text_is_read_and_written_as_utf_8():
    assert {name: lines for name, source in sources() if (lines := without_encoding(source))} == {}
