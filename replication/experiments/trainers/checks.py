"""What the parameters of 10_trainers may be."""

from replication.experiments.checks import check_names
from replication.experiments.trainers.captions import SOURCES
from replication.experiments.trainers.finetuning import MODELS
from replication.selection.registry import check_methods
from replication.validation import check_choice, check_count, check_each, check_positive


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    check_choice("captions", p["captions"], SOURCES)
    check_choice("model", p["model"], MODELS)
    for name, low in (("batch_size", 2), ("test_pairs", 20), ("epochs", 1), ("seeds", 1), ("first_seed", 0)):
        check_count(name, p[name], low)
    check_count("pairs", p["pairs"], 2 * p["batch_size"])
    for name in ("lr", "scale", "margin"):
        check_positive(name, p[name])
    check_rates(p["rates"])
    if check_methods(p["methods"])[0] != "SGD":
        raise ValueError(f"methods={p['methods']!r} must begin with 'SGD', which the others are compared with")
    return parameters


def check_rates(rates: list[float]) -> None:
    """Raise TypeError or ValueError unless `rates` is [] or a list of two or more different learning rates."""
    if rates == []:
        return
    check_each("rates", rates, check_positive)
    if len(set(rates)) < max(2, len(rates)):
        raise ValueError(f"rates={rates!r} must be [], or two or more different learning rates")
