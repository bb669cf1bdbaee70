"""The parameters cell of a notebook: its names, and the values that it gives them."""

import ast
import operator
from pathlib import Path

import nbformat

from replication.files import shown

TAG = "parameters"
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
OPERATORS |= {ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow}
OPERATORS |= {ast.USub: operator.neg, ast.UAdd: operator.pos}


def notebook_defaults(notebook: Path) -> dict:
    """Return the parameters of a notebook's tagged cell with their values, in their order.

    A value is a text, a number, True, False, None, or a list or mapping of such; numbers may be computed, as 4 * 10.

    Raises:
        ValueError: the file is no notebook, has not one such cell, or the cell holds something else; the line is named.
    """
    place = shown(notebook)
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except OSError:
        raise
    except Exception as error:  # whatever a cut-off or merged file makes of nbformat
        raise ValueError(f"{place} cannot be read as a notebook: {str(error).splitlines()[0]}") from None
    tagged = [cell for cell in cells if cell.cell_type == "code" and TAG in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise ValueError(f"{place} has {len(tagged)} code cells with the tag {TAG!r}; it must have one")
    try:
        cell = tagged[0].source
        statements = ast.parse(cell).body
    except SyntaxError as error:
        raise ValueError(f"{place}, parameters cell, line {error.lineno}: {error.msg}") from None
    found = {}
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.Expr):
            continue
        try:
            found[_name(statement)] = _value(statement.value)
        except (ValueError, ArithmeticError, TypeError):
            raise ValueError(
                f"{place}, parameters cell, line {statement.lineno}: {_source(cell, statement)!r} must be NAME = VALUE with a"
                " text, a number, True, False, None, or a list of them"
            ) from None
    return found


def _source(cell: str, statement: ast.stmt) -> str:
    return ast.get_source_segment(cell, statement).splitlines()[0]


def _name(statement: ast.stmt) -> str:
    targets = {ast.Assign: lambda: statement.targets, ast.AnnAssign: lambda: [statement.target]}.get(type(statement), list)()
    if len(targets) != 1 or not isinstance(targets[0], ast.Name):
        raise ValueError
    return targets[0].id


def _value(node: ast.expr):
    """Return the value of a literal, or of arithmetic on numbers; ValueError for anything else."""
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(each) for each in node.elts]
    if isinstance(node, ast.BinOp):
        return OPERATORS.get(type(node.op), _refuse)(_number(node.left), _number(node.right))
    if isinstance(node, ast.UnaryOp):
        return OPERATORS.get(type(node.op), _refuse)(_number(node.operand))
    return ast.literal_eval(node)


def _number(node: ast.expr) -> int | float:
    value = _value(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return value


def _refuse(*_):
    raise ValueError
