"""A map of a few tiny trainings, and its parameters, for the tests of 07_map."""

from replication.experiments.map.design import Design
from replication.heads import HeadSettings

PARAMETERS = {"profile": "test", "results_dir": "", "source": "digits", "items": 0, "size": 112, "views": 1, "crop_min": 0.5}
PARAMETERS |= {"left": 0, "right": 0, "heads": "linear", "hidden": 8, "out": 4, "batch_sizes": [4, 8], "epochs": [2, 1]}
PARAMETERS |= {
    "methods": ["SGD", "SwapSearch, k 2"],
    "left_out": [],
    "k": 4,
    "candidates": 10,
    "rates": [1e-2, 1e-3],
    "tuning_seeds": 1,
}
PARAMETERS |= {"first_seed": 5, "seeds": 3, "longer": 1.5, "margin": 1.0, "rule_from": "", "full_training": "", "workers": 1}


def small_design(**changes) -> Design:
    """Two batch sizes, two ways to choose, three seeds, linear heads."""
    settings = HeadSettings(kind="linear", out=4, k=4, candidates=10)
    values = {
        "batch_sizes": (4, 8),
        "epochs": (2, 1),
        "methods": ("SGD", "SwapSearch, k 2"),
        "left_out": {},
        "rates": (1e-2, 1e-3),
    }
    values |= {"tuning_seeds": 1, "first_seed": 5, "seeds": 3, "longer": 1.5, "settings": settings}
    return Design(**values | changes)
