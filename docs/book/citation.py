"""BibTeX entries from CITATION.cff."""

import yaml

from book.places import ROOT


def bibtex() -> str:
    """Return the paper's entry, and that of this software."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    paper = citation["preferred-citation"]
    article = {
        "title": f"{{{paper['title']}}}",
        "author": _authors(paper),
        "journal": paper["journal"],
        "year": paper["year"],
        "note": paper["identifiers"][0]["value"],
    }
    software = {"title": f"{{{citation['title']}}}", "author": _authors(citation), "version": citation["version"]}
    return f"{_entry('article', 'cho2024minibatch', article)}\n\n{_entry('software', 'minibatchreplication', software)}"


def _authors(work: dict) -> str:
    people = work["authors"]
    return " and ".join(
        f"{p['family-names']}, {p['given-names']}" if "given-names" in p else f"{{{p['name']}}}" for p in people
    )


def _entry(kind: str, key: str, fields: dict) -> str:
    width = max(map(len, fields))
    lines = [f"  {name:<{width}} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])
