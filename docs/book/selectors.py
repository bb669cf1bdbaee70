"""The entries of the selectors' page: the table at the top of `replication.selection`, row by row, with pictures."""

import re

from book.api import docstring, public_names
from book.pictures import picture, shown
from book.places import write
from replication.files import file_name


def write_selectors() -> None:
    """Write the pictures, and the entries that selectors.md includes."""
    entries = []
    for names, chooses, use in rows():
        parts = [f"## {', '.join(names)}", f"**What it chooses:** {chooses}.\n\n**When to use it:** {use}."]
        pictures = [(title, make) for name in names for title, make in shown(name).items()]
        for title, make in pictures:
            write(f"selectors/{file_name(title)}.svg", picture(make(), title))
        images = (f"![{alternative(title)}](/generated/selectors/{file_name(title)}.svg){{.selector}}" for title, _ in pictures)
        parts.append(" ".join(images))
        links = ", ".join(f"{{py:class}}`~replication.selection.{name.split('(')[0]}`" for name in names)
        parts.append(f"Arguments, errors, source: {links}.")
        entries.append("\n\n".join(parts))
    write("selector_entries.md", "\n\n".join(entries) + "\n")


def rows() -> list[tuple[list[str], str, str]]:
    """Return (selectors, what they choose, when to use them) of each row of the table."""
    lines = re.findall(r"^\| (`.*?) \| (.*?) \| (.*?) \|$", docstring("replication.selection"), re.MULTILINE)
    return [(re.findall(r"`([^`]+)`", names), chooses, use) for names, chooses, use in lines]


def alternative(title: str) -> str:
    """Return what a picture shows, in words."""
    return f"60 points in the plane in the batches of {title}; each batch has a colour, a shape and an outline"


def selectors_of_the_table() -> set[str]:
    """Return the classes that the table names."""
    return {name.split("(")[0] for names, _, _ in rows() for name in names} & set(public_names()["replication.selection"])
