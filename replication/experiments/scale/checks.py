"""What the parameters of 11_scale may be."""

from replication.datasets import DATASETS
from replication.experiments.checks import check_names
from replication.validation import check_choice, check_count, check_each, check_positive, check_text

CHUNK = 1280  # samples in the chunks that the paper plans one by one


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    check_choice("dataset", p["dataset"], ("", *DATASETS))
    for name in ("dimensions", "rounds"):
        check_count(name, p[name], 1)
    for name in ("workers", "largest_whole", "seed"):
        check_count(name, p[name], 0)
    check_count("batch_size", p["batch_size"], 2, CHUNK // 2, "two batches in a chunk of 1,280")
    check_positive("temperature", p["temperature"])
    check_text("memory_limit", p["memory_limit"])
    check_count("shard_size", p["shard_size"], CHUNK)
    check_each("sizes", p["sizes"], check_count, CHUNK)
    return parameters
