"""YAML files of parameters and settings, one NAME: VALUE a line."""

from dataclasses import MISSING, fields
from pathlib import Path

import yaml

from replication.files import shown
from replication.parameters.values import value_like


def read_values(file: Path, examples: dict) -> dict:
    """Return the values of a YAML file by name, each with the type of its example; see `value_like`.

    Raises:
        ValueError: what is not YAML in UTF-8, a name without an example or given twice, a value of another type. The message
            names file and line.
        OSError: the file cannot be read.
    """
    found = {}
    for name, value, place in _entries(file):
        if name not in examples:
            raise ValueError(f"{place}: {name!r} must be one of {', '.join(examples)}")
        if name in found:
            raise ValueError(f"{place}: {name!r} must not be given twice")
        try:
            found[name] = value_like(examples[name], name, value)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    return found


def read_settings(kind: type, file: Path):
    """Return the settings of a YAML file, as an instance of the dataclass `kind`, whose fields decide the types.

    Raises:
        ValueError, OSError: as `read_values`; a field without a default that the file does not give.
        TypeError, ValueError: as `kind`.
    """
    needed = [field.name for field in fields(kind) if field.default is MISSING]
    examples = {field.name: field.type() if field.name in needed else field.default for field in fields(kind)}
    found = read_values(file, examples)
    missing = [name for name in needed if name not in found]
    if missing:
        raise ValueError(f"{shown(file)} must also give {' and '.join(missing)}")
    return kind(**found)


def _entries(file: Path) -> list[tuple[str, object, str]]:
    """Return (name, value, "file, line n") for each entry; all scalars are texts."""
    place = shown(file)
    try:
        loader = yaml.BaseLoader(file.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.MappingNode):
            raise ValueError(f"{place} must hold lines of the form NAME: VALUE")
        return [
            (str(loader.construct_object(key, deep=True)), loader.construct_object(value, deep=True), _line(place, key))
            for key, value in node.value
        ]
    except UnicodeDecodeError:
        raise ValueError(f"{place} must be a text in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        raise ValueError(f"{_line(place, error)}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"{place}: {' '.join(str(error).split())}") from None


def _line(place: Path, node: yaml.Node | yaml.MarkedYAMLError) -> str:
    mark = node.start_mark if isinstance(node, yaml.Node) else node.problem_mark
    return f"{place}, line {mark.line + 1}"
