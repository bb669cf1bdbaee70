"""What the parameters of each notebook may be: a module for each experiment, named like it, with `check_parameters`.

Notebooks call it in the first cell after their parameters, and the runner before it starts a notebook, so that a wrong value
costs no minutes.
"""

from importlib import import_module
from importlib.util import find_spec


def check_experiment(experiment: str, parameters: dict) -> None:
    """Check the parameters of an experiment by the module of its name, if there is one.

    Raises:
        TypeError, ValueError, FileNotFoundError: the first parameter that cannot work, in one line.
    """
    module = f"{__name__}.{experiment}"
    if experiment.isidentifier() and find_spec(module):
        import_module(module).check_parameters(parameters)
