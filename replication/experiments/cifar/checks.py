"""What the parameters of 05_cifar may be."""

from replication.experiments.checks import check_names
from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.checks import check_trainings
from replication.selection.registry import check_methods
from replication.validation import check_count, check_each


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    check_trainings(p)
    check_count("first_seed", p["first_seed"], 0)
    check_each("severities", p["severities"], check_count, 1, 5)
    Evaluation(p["test_images"], p["corrupted_images"], tuple(p["severities"]), p["linear_probe"])
    if p["aged"] or not isinstance(p["aged"], list | tuple):
        check_methods(p["aged"], "aged")
    common = Settings.common(p)
    for method in [*p["methods"], *p["aged"]]:
        for objective in p["objectives"]:
            Settings(method=method, objective=objective, **common)
    check_count("aged_after", p["aged_after"], 0, p["epochs"] - 1, "epochs - 1, as plans age for one more")
    return parameters
