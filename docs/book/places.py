"""Where the book's parts lie, and how generated ones are written."""

from pathlib import Path

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
RESULTS = ROOT / "results"
GENERATED = DOCS / "generated"
_written: set[Path] = set()


def write(place: str, text: str) -> None:
    """Write a text to docs/generated/`place`, unless it holds just that: Sphinx builds anew what has changed."""
    path = GENERATED / place
    _written.add(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def remove_the_rest() -> None:
    """Remove what an earlier build has written and this one has not, such as the page of a run that is gone."""
    for path in GENERATED.rglob("*"):
        if path.is_file() and path not in _written:
            path.unlink()
