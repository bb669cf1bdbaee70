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
        parts = [f"## {', '.join(names)}", f"**Chooses** {chooses}.\n\n**For** {use}."]
        for name in names:
            for title, make in shown(name).items():
                place = f"selectors/{file_name(title)}.svg"
                write(place, picture(make(), title))
                parts.append(f"```{{image}} /generated/{place}\n:alt: {alternative(title)}\n:width: 420px\n```")
        links = dict.fromkeys(name.split("(")[0] for name in names)
        parts.append("Arguments, errors, source: " + ", ".join(f"{{py:class}}`~replication.selection.{name}`" for name in links) + ".")
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
