"""What the parameters of 06_clip may be."""

from replication.clip.models import check_names as check_model
from replication.clip.settings import Settings
from replication.experiments.checks import check_names
from replication.experiments.grid.checks import check_trainings
from replication.validation import check_count, check_positive


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each.

    Raises:
        TypeError, ValueError: one line for the first that cannot work.
        FileNotFoundError: `pretrained` is the path of no file.
    """
    p = parameters
    check_names(p)
    check_trainings(p)
    check_count("test_images", p["test_images"], 0)
    check_positive("first_lr", p["first_lr"])
    common = Settings.common(p)
    for method in p["methods"]:
        for objective in p["objectives"]:
            Settings(method=method, objective=objective, **common)
    if check_count("first_epochs", p["first_epochs"], 0) and p["warmup_epochs"] > p["first_epochs"]:
        raise ValueError(f"warmup_epochs={p['warmup_epochs']} must be <= first_epochs={p['first_epochs']}, unless that is 0")
    if len(p["separator"]) > 1:
        raise ValueError(f"separator={p['separator']!r} must be one character, or '' for a tab or a comma")
    check_model(p["model"], p["pretrained"])
    return parameters
