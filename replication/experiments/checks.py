"""Checks that several notebooks share."""

from replication.validation import check_text


def check_names(parameters: dict) -> None:
    """Check the two parameters that every notebook has; TypeError where one is no text."""
    for name in ("profile", "results_dir"):
        check_text(name, parameters[name])
