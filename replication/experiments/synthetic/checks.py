"""What the parameters of 03_synthetic may be."""

from replication.experiments.checks import check_names
from replication.experiments.synthetic.convergence import check_problem
from replication.validation import check_count, check_distinct, check_each, check_positive, check_tuple


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    check_distinct("methods", p["methods"], needed="SGD")
    check_each("pairs", p["pairs"], _check_pair)
    check_problem(*(p[name] for name in ("pairs", "batch_size", "methods", "epochs", "seeds", "lr")))
    for name in ("restarts", "rest_seeds", "rest_steps", "benchmark_epochs"):
        check_count(name, p[name], 1)
    check_positive("rest_tolerance", p["rest_tolerance"])
    check_each("benchmark_seeds", p["benchmark_seeds"], check_count, 1)
    return parameters


def _check_pair(name: str, pair: list[int]) -> None:
    n, d = check_tuple(name, pair, "N, d")
    if n < 2 or d < 1:
        raise ValueError(f"{name}={pair!r} must be [N, d] with N >= 2 and d >= 1")
