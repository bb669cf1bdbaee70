"""Our docstrings are Markdown with Google's sections: what Sphinx, which expects reStructuredText, must be told."""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from book.api import public_names

SECTION = re.compile(r"(Args|Arguments of the call|Attributes|Returns|Raises|Yields|Examples?):$")


def setup(app: Sphinx) -> None:
    """Code that stands indented is code, `Name` leads to the public name, and `package.module.Name` to where it is imported."""
    kept: dict[str, list[str]] = {}

    def before_napoleon(app, what, name, obj, options, lines: list[str]) -> None:
        if what == "data" and getattr(obj, "__doc__", None) == getattr(type(obj), "__doc__", None):
            lines.clear()  # what a dict is
        lines[:] = kept[name] = for_sphinx(lines)

    def after_napoleon(app, what, name, obj, options, lines: list[str]) -> None:
        if what in ("attribute", "data", "property"):
            lines[:] = kept[name]  # of these napoleon takes what stands before a colon for a type

    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
    app.connect("autodoc-process-signature", _without_factories)
    app.connect("missing-reference", _by_last_name)
    app.add_role("name", _name)


def for_sphinx(lines: list[str]) -> list[str]:
    """Return a docstring whose indented blocks are marked as code, and whose sections napoleon does not misread."""
    changed, section, code = [], "", False
    for position, line in enumerate(lines):
        if line and not line.startswith(" "):
            found = SECTION.match(line)
            section, code = found[1] if found else "", False
        if not section and line.startswith("    ") and not code and (position == 0 or not lines[position - 1].strip()):
            changed += ["::", ""]
            code = True
        if section == "Returns":  # a field by itself: a colon in its words does not end the name of a type
            line = "" if SECTION.match(line) else line
            if not changed[-1].startswith(":returns:") and line and SECTION.match(lines[position - 1]):
                line = f":returns: {line.strip()}"
        if section == "Attributes" and re.match(r"    [a-z]\w*(, \w+)+:", line):
            names, _, words = line.partition(":")
            line = f"    {names.strip().replace(', ', ',')}:{words}"  # else the first name is taken for the type of the second
        changed.append(line if code else _bars(line))
    return changed


def _bars(line: str) -> str:
    """Return a line whose bars, outside of backticks, name no substitution."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"(?<!\\)\|", r"\\|", part) for part in parts[::2]]
    return "`".join(parts)


def _without_factories(app, what, name, obj, options, signature, returns):
    """A dataclass writes <factory> for a default that it makes anew, which Sphinx cannot read."""
    return (signature or "").replace("<factory>", "...") or None, returns


def _name(role, rawtext, text, lineno, inliner, options=None, content=None):
    """`Text` in backticks: a link where it is a public name, code otherwise."""
    target = _public().get(text.removesuffix("()").rsplit(".", 1)[-1]) if re.fullmatch(r"[\w.]+(\(\))?", text) else None
    code = nodes.literal(rawtext, text)
    if target is None:
        return [code], []
    reference = addnodes.pending_xref("", code, refdomain="py", reftype="obj", reftarget=target, refexplicit=True, refwarn=True)
    return [reference], []


def _by_last_name(app, env, node, contnode):
    """Return a link to the public name that a reference to its own module means; bare words for other names of ours."""
    full = node.get("reftarget", "")
    name = full.rsplit(".", 1)[-1]
    if node.get("refdomain") != "py" or not (full.startswith("replication.") or name[:1].isupper()):
        return None
    target = _public().get(name)
    if target is None or target == full:
        of_a_signature = "refwarn" not in node  # there stand types that are not public too
        return contnode if full.startswith("replication.") and target is None and of_a_signature else None
    return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, contnode)


def _public() -> dict[str, str]:
    """Return {name: package.name}; a name that two packages offer is taken from the first."""
    found: dict[str, str] = {}
    for package, names in public_names().items():
        for name in names:
            found.setdefault(name, f"{package}.{name}")
    return found
