"""Train a piece of a profile of 05_cifar without Jupyter, as on a bare GPU machine: only records come out.

`python -m replication.experiments.cifar.pieces gpu-narrow --minutes 8 --folder out` trains what has no record yet, in
results/cifar/gpu-narrow or in `out`, and writes records below out/records. Copied to results/cifar/gpu-narrow/records, they
make the tables wherever the notebook runs.
"""

import argparse
import sys
from pathlib import Path

from replication.experiments.cifar.checks import check_parameters
from replication.experiments.cifar.evaluation import Evaluation
from replication.experiments.cifar.experiment import run_experiment
from replication.experiments.cifar.profile import profile_parameters
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.budget import NothingFinished
from replication.files import committed_results


def train_piece(profile: str, folder: Path, minutes: float, changes: dict[str, str] | None = None) -> str:
    """Train whole comparisons of a profile for so many minutes; return in words what there is now and what is left.

    Args:
        profile: of 05_cifar.
        folder: where records and checkpoints go.
        minutes: see `run_jobs`; 0: no limit.
        changes: other values for parameters, as texts.

    Raises:
        ValueError, TypeError, OSError: no such profile, a parameter that cannot work, or data that are missing.
    """
    p = check_parameters(profile_parameters(profile, (changes or {}) | {"minutes": str(minutes)}))
    evaluation = Evaluation(p["test_images"], p["corrupted_images"], tuple(p["severities"]), p["linear_probe"])
    options = {"first_seed": p["first_seed"], "minutes": p["minutes"], "more_records": committed_results("cifar", profile)}
    common = Settings.common(p)
    try:
        found = run_experiment(folder, p["methods"], p["objectives"], p["seeds"], common, evaluation, p["workers"], **options)
    except NothingFinished as error:
        return str(error)
    if found.steps is not None:
        print(found.steps.to_string(index=False, float_format="{:.4g}".format))
    counts = found.trained().groupby(["objective", "selector"], sort=False).seed.count()
    have = ", ".join(f"{count} of {method} with {objective}" for (objective, method), count in counts.items())
    return f"trainings there are: {have}; left: {found.outcome.left}, about {found.outcome.minutes_left:.0f} minutes"


def main(arguments: list[str] | None = None) -> int:
    """Train one piece; return the exit code: 0 done, 2 wrong usage or no data."""
    parser = argparse.ArgumentParser(prog="python -m replication.experiments.cifar.pieces", description=__doc__)
    parser.add_argument("profile", help="a profile of 05_cifar, such as gpu-narrow")
    parser.add_argument("--folder", type=Path, required=True, help="where records and checkpoints go")
    parser.add_argument("--minutes", type=float, required=True, help="what it may take, evaluation included; 0: no limit")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="NAME=VALUE", help="change a parameter")
    options = parser.parse_args(arguments)
    try:
        for text in options.changes:
            if "=" not in text:
                raise ValueError(f"--set {text!r} must be NAME=VALUE")
        changes = dict(text.split("=", 1) for text in options.changes)
        print(train_piece(options.profile, options.folder, options.minutes, changes))
    except (ValueError, TypeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
