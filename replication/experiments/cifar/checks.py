"""What the parameters of 05_cifar may be."""

from replication.experiments.checks import check_names
from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.checks import check_trainings
from replication.validation import check_count, check_each


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    check_trainings(p)
    check_count("first_seed", p["first_seed"], 0)
    check_each("severities", p["severities"], check_count, 1, 5)
    Evaluation(p["test_images"], p["corrupted_images"], tuple(p["severities"]), p["linear_probe"])
    common = Settings.common(p)
    for method in p["methods"]:
        for objective in p["objectives"]:
            Settings(method=method, objective=objective, **common)
    return parameters
