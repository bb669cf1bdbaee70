"""Where the book's parts lie, and how generated ones are written."""

from pathlib import Path

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
RESULTS = ROOT / "results"
GENERATED = DOCS / "generated"


def write(place: str, text: str) -> None:
    """Write a text to docs/generated/`place`, unless it holds just that: Sphinx builds anew what has changed."""
    path = GENERATED / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
