"""What the book's own pages show as `{{ name }}`; pages that a code host shows too have markers, see `reporting.pages`."""

from book.citation import bibtex
from book.links import book_links
from book.places import RESULTS
from replication.reporting.ledger import HOW, not_run
from replication.reporting.readme import run_times


def substitutions() -> dict[str, str]:
    """Return all of them by name."""
    texts = {
        "run_times": run_times(RESULTS),
        "not_run": not_run(RESULTS),
        "verdict_rules": HOW.split("\n\n", 1)[1],
        "bibtex": f"```bibtex\n{bibtex()}\n```",
    }
    return {name: book_links(text) for name, text in texts.items()}
