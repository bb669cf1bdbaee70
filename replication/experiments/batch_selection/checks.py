"""What the parameters of 04_batch_selection may be."""

from replication.datasets import DATASETS
from replication.experiments.batch_selection.frontier import frontier_selectors
from replication.experiments.batch_selection.inputs import PHASES
from replication.experiments.checks import check_names
from replication.selection.registry import check_methods
from replication.validation import check_choice, check_count, check_distinct, check_each, check_positive

CHUNK = 1280  # samples in the smallest chunks of `replication.experiments.batch_selection.growth`


def check_further(further: list[str]) -> list[str]:
    """Return the lines after checking that they are a list; ValueError otherwise."""
    return check_methods(further, "further") if further or not isinstance(further, list | tuple) else []


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    check_choice("dataset", p["dataset"], DATASETS)
    for name in ("dimensions", "k", "candidates", "seeds", "repeats"):
        check_count(name, p[name], 1)
    check_positive("temperature", p["temperature"])
    check_count("batch_size", p["batch_size"], 2, CHUNK // 2, "two batches in a chunk of the table growth")
    least = 2 * p["batch_size"]  # neighbours without the nearest B need as many
    if check_count("num_samples", p["num_samples"], 0) and p["num_samples"] < max(least, p["dimensions"]):
        limits = f"2 batch_size={least} and dimensions={p['dimensions']}"
        raise ValueError(f"num_samples={p['num_samples']} must be 0 (all) or >= {limits}")
    if p["phases"]:
        for phase in check_distinct("phases", p["phases"]):
            check_choice("phases", phase, PHASES)
    elif not isinstance(p["phases"], list | tuple):
        raise ValueError(f"phases={p['phases']!r} must be a list of names")
    check_count("phase_samples", p["phase_samples"], least)
    check_each("growth_sizes", p["growth_sizes"], check_count, least)
    # Selectors check what they are given when they are made.
    frontier_selectors(
        p["phase_samples"], p["batch_size"], p["temperature"], p["k"], p["candidates"], check_further(p["further"])
    )
    return parameters
