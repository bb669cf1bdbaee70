"""What the parameters of 08_neighbours may be."""

from replication.experiments.checks import check_names
from replication.experiments.neighbours.family_objectives import check_share
from replication.experiments.neighbours.inputs import SOURCES
from replication.experiments.neighbours.query_networks import SOURCES as QUERY_SOURCES
from replication.experiments.neighbours.surviving_losses import BATCH_SIZE
from replication.validation import check_choice, check_count, check_distinct, check_each, check_not_negative, check_positive

PIXELS = 64, "the pixels of a digit"
CLASSES = 10, "the classes of digits"
COUNTS = ("seeds", "tuning_seeds", "starts", "anchor_steps", "client_steps", "client_batch", "noise_batches", "variate_batches")
POSITIVE = ("noise", "client_noise", "nu", "ridge", "gap_margin", "temperature", "view_strength", "noise_rate", "query_margin")
CLASS_SIZES = {"digits": (10, 35), "cifar100 views": (100, 100)}  # classes, and test images of the smallest


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    for name in COUNTS:
        check_count(name, p[name], 1)
    for name in POSITIVE:
        check_positive(name, p[name])
    check_each("dimensions", p["dimensions"], check_count, 2)
    check_count("draws", p["draws"], 2)
    check_share("partial_auc_share", p["partial_auc_share"], BATCH_SIZE * (BATCH_SIZE - 1))
    for source in check_distinct("sources", p["sources"]):
        check_choice("sources", source, SOURCES)
    check_count("anchors", p["anchors"], 3, 1797, "the digits there are")
    check_count("candidates", p["candidates"], 1, p["anchors"], "anchors")
    check_each("rates", p["rates"], check_positive)
    check_count("outputs", p["outputs"], 2)
    check_count("input_dimensions", p["input_dimensions"], 2, *PIXELS)
    check_count("clients", p["clients"], 2, *CLASSES)
    check_count("per_client", p["per_client"], 1, 80, "the samples that every class has among 1,000 digits")
    check_each("periods", p["periods"], check_count, 1)
    for name in ("client_rates", "adaptive_rates"):
        if len(check_each(name, p[name], check_positive)) != 2:
            raise ValueError(f"{name}={p[name]} must hold two step sizes, of the encoder and of the dual")
    check_count("noise_outputs", p["noise_outputs"], 2)
    check_count("noise_dimensions", p["noise_dimensions"], 2, *PIXELS)
    check_count("noise_samples", p["noise_samples"], 4, 1797, "the digits there are")
    check_count("batch_size", p["batch_size"], 2, p["noise_samples"] // 2, "half of noise_samples")
    check_count("warm_updates", p["warm_updates"], 0)
    check_count("noise_draws", p["noise_draws"], 2)
    check_each("drifts", p["drifts"], check_count, 0)
    if p["drifts"][0] != 0 or sorted(set(p["drifts"])) != list(p["drifts"]):
        raise ValueError(f"drifts={p['drifts']} must begin with 0 and grow")
    _check_queries(p)
    return parameters


def _check_queries(p: dict) -> None:
    check_count("query_epochs", p["query_epochs"], 1)
    for name in ("query_noise", "prior_weight"):
        check_not_negative(name, p[name])
    check_count("query_tasks", p["query_tasks"], 2)
    check_count("query_items", p["query_items"], 0)
    most, each = CLASS_SIZES[check_choice("query_source", p["query_source"], QUERY_SOURCES)]
    check_count("query_shots", p["query_shots"], 1, each // 2, "half of the test images of a class")
    counts = [count or most for count in check_each("query_classes", p["query_classes"], check_count, 0, most, "all classes")]
    if 1 in counts or len(set(counts)) < len(counts):
        raise ValueError(f"query_classes={p['query_classes']} must hold 0 (all) and numbers >= 2, none twice")
    left = min(counts) * (each - p["query_shots"])
    check_count("queries", p["queries"], 1, left, f"the images of {min(counts)} classes without labelled ones")
