"""Checks of the notebooks that train a grid of networks."""

from replication.selection.registry import check_methods
from replication.validation import check_count, check_distinct, check_flag, check_not_negative, check_positive


def check_trainings(parameters: dict) -> None:
    """Check which trainings there are and how they are judged; TypeError or ValueError with one line."""
    p = parameters
    check_distinct("methods", p["methods"], needed="SGD")
    if len(check_methods(p["methods"])) < 2:
        raise ValueError(f"methods={p['methods']!r} must hold another way to choose batches beside SGD, to compare them")
    check_distinct("objectives", p["objectives"])
    check_count("seeds", p["seeds"], 1)
    check_positive("margin", p["margin"])
    check_count("workers", p["workers"], 0)
    check_flag("committed_records", p["committed_records"])
    check_not_negative("minutes", p["minutes"])
