"""The checks of an experiment's parameters, found by the experiment's name: this package knows no experiment."""

from importlib import import_module
from importlib.util import find_spec


def check_experiment(experiment: str, parameters: dict) -> None:
    """Check parameters by `check_parameters` in replication/experiments/<experiment>/checks.py, if there is one.

    Notebooks call it in the first cell after their parameters, and the runner before it starts a notebook, so that a wrong
    value costs no minutes.

    Raises:
        TypeError, ValueError, FileNotFoundError: the first parameter that cannot work, in one line.
    """
    package = f"replication.experiments.{experiment}"
    if experiment.isidentifier() and find_spec(package) and find_spec(f"{package}.checks"):
        import_module(f"{package}.checks").check_parameters(parameters)
