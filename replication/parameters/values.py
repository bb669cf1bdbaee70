"""Values as people write them, in `--set` and in YAML files, read by the type of the value that they replace.

A text stays as it stands, whatever YAML would make of it ("007", "no", "1:30", "run #1"); numbers are read as in Python (1e-4,
not 1:30); a list of several values is written as in YAML, [[4, 2], [8, 4]].
"""

from itertools import chain

import yaml

YES, NO = ("true", "yes", "on"), ("false", "no", "off")


def value_like(example, name: str, value):
    """Return `value` with the type of `example`, the default of the parameter `name`.

    Args:
        example: a text, a truth value, an integer, a number, or a list of such or of lists; None or anything else: `value`
            is read as YAML.
        name: for the error.
        value: a text, a list with texts in it, or what has the type already. An integer may stand for a number.

    Raises:
        ValueError: `value` cannot be read so.
    """
    try:
        return _like(example, value)
    except (ValueError, OverflowError, yaml.YAMLError):
        raise ValueError(f"{name}={value!r} must be {kind(example)}") from None


def kind(example, many: bool = False) -> str:
    """Return in words what may stand in the place of `example`."""
    if isinstance(example, list) and example:
        return f"{'lists' if many else 'a list'} of {kind(_element(example), many=True)}"
    names = {str: ("a text", "texts"), bool: ("true or false",) * 2, int: ("an integer", "integers")}
    names |= {float: ("a number", "numbers"), list: ("a list", "lists"), dict: ("a mapping", "mappings")}
    return names.get(type(example), ("a value that YAML can read",) * 2)[many]


def _like(example, value):
    if isinstance(example, str):
        return _must_be(value, str)
    if isinstance(example, list):
        found = yaml.load(value, Loader=yaml.BaseLoader) if isinstance(value, str) else value
        return [_like(_element(example), each) for each in _must_be(found, list)]
    if isinstance(value, str):
        return _from_text(example, value)
    if isinstance(example, float) and type(value) is int:
        return float(value)
    if type(example) in (bool, int, float, dict):
        return _must_be(value, type(example))
    return [_like(None, each) for each in value] if isinstance(value, list) else value


def _from_text(example, text: str):
    if isinstance(example, bool):
        if text.lower() not in (*YES, *NO):
            raise ValueError(text)
        return text.lower() in YES
    if isinstance(example, int | float):
        return type(example)(text)
    return _must_be(_with_all_numbers(yaml.safe_load(text)), dict if isinstance(example, dict) else object)


def _with_all_numbers(value):
    """Return what YAML read, with numbers such as 1e-4, which it takes for texts."""
    if isinstance(value, list):
        return [_with_all_numbers(each) for each in value]
    if isinstance(value, dict):
        return {name: _with_all_numbers(each) for name, each in value.items()}
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _must_be(value, wanted: type):
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise ValueError(value)
    return value


def _element(examples: list):
    """Return an example of what a list holds; None if it is empty or mixed."""
    types = {type(each) for each in examples}
    if types == {list}:
        return list(chain.from_iterable(examples))
    if types == {int, float}:
        return 0.0
    return examples[0] if len(types) == 1 else None
