"""Which variant of the update, with how many trainings side by side, is fastest on this machine: measured, not guessed.

`python -m replication.experiments.cifar.fastest_step gpu` prints the table for a profile of the notebook 05_cifar, with other
values for some settings by options such as `--dataset digits`. It needs neither Jupyter nor papermill.

Processes take turns on a GPU, so that trainings side by side only fill each other's gaps, unless NVIDIA's Multi-Process
Service (`nvidia-cuda-mps-control -d`) runs before they begin. What is measured holds for the machine as it is then.
"""

import argparse
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch

from replication.datasets import load_image_set
from replication.experiments.cifar.profile import profile_parameters
from replication.experiments.cifar.settings import Settings
from replication.experiments.cifar.step_crew import reason
from replication.experiments.cifar.step_table import COLUMNS, SIDE_BY_SIDE, time_steps
from replication.files import whole
from replication.machine import device_or_best
from replication.validation import check_choice, check_positive

OPTIONS = ("dataset", "images", "size", "network", "stem", "batch_size", "precision", "compiled", "objectives")


class FastestStep(NamedTuple):
    """The variant and the number of trainings side by side to use, and the table that says why; see `time_steps`."""

    variant: str
    workers: int
    table: pd.DataFrame


def fastest_step(grid: list[Settings], device: str, folder: Path) -> FastestStep:
    """Return what to use for the trainings of a grid; measured once, then read from `folder`.

    If nothing can be measured, it is what the settings ask for, with 4 trainings side by side, and the table says why.

    Args:
        grid: the settings of all trainings, which differ in method, objective and seed.
        device: "cpu" or "cuda".
        folder: holds `fastest_step.json`, of one machine and version of torch.
    """
    trainings, place = one_of_each_objective(grid), folder / "fastest_step.json"
    machine = torch.cuda.get_device_name() if device == "cuda" else device
    identity = {"machine": machine, "torch": torch.__version__, "trainings": [t.plain() for t in trainings]}
    identity["side by side"] = counts = [count for count in SIDE_BY_SIDE if count <= len(grid)]
    with suppress(OSError, ValueError, KeyError, TypeError):  # not measured yet, for others, or damaged
        stored = json.loads(place.read_text(encoding="utf-8"))
        if stored["identity"] == json.loads(json.dumps(identity)):
            return FastestStep(stored["variant"], stored["workers"], pd.DataFrame(stored["table"]))
    try:
        table = time_steps(trainings, device, counts)
    except Exception as error:  # whatever it is, trainings do not need it
        table = pd.DataFrame([{"verdict": f"skipped: {reason(error)}"}], columns=COLUMNS)
    chosen = table[table.verdict == "chosen"]
    if chosen.empty:
        return FastestStep("", min(max(SIDE_BY_SIDE), len(grid)), table)
    variant, workers = chosen.variant.iloc[0], int(chosen["side by side"].iloc[0])
    found = {"identity": identity, "variant": variant, "workers": workers, "table": table.to_dict("list")}
    with whole(place) as temporary:
        temporary.write_text(json.dumps(found), encoding="utf-8")
    return FastestStep(variant, workers, table)


def one_of_each_objective(grid: list[Settings]) -> list[Settings]:
    """Return the first settings of each objective; methods and seeds do not change what an update costs."""
    return list({settings.objective: settings for settings in reversed(grid)}.values())[::-1]


def profile_settings(profile: str, changes: dict[str, str] | None = None) -> list[Settings]:
    """Return the settings of a profile of 05_cifar, one training for each objective, with `changes`, texts, on top.

    Raises:
        ValueError, TypeError, OSError: no such profile, or a setting that cannot work.
    """
    parameters = profile_parameters(profile, changes)
    common = Settings.common(parameters)
    return [Settings(method="SGD", objective=objective, **common) for objective in parameters["objectives"]]


def main(arguments: list[str] | None = None) -> int:
    """Print the table for one profile; return the exit code: 0 done, 1 no variant works, 2 wrong usage or no data."""
    parser = argparse.ArgumentParser(prog="python -m replication.experiments.cifar.fastest_step", description=__doc__)
    parser.add_argument("profile", help="a profile of 05_cifar, such as gpu")
    parser.add_argument("--device", default="", help="cpu or cuda; by default a GPU if there is one")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    for name in OPTIONS:
        parser.add_argument(f"--{name.replace('_', '-')}", help="instead of the profile's")
    options = vars(parser.parse_args(arguments))
    profile, device, seconds = (options.pop(name) for name in ("profile", "device", "seconds"))
    try:
        trainings = profile_settings(profile, {name: text for name, text in options.items() if text is not None})
        load_image_set(trainings[0].dataset, "train")  # a missing data set is no failure of an update
        device = check_choice("device", device_or_best(device), ("cpu", "cuda"))
        table = time_steps(trainings, device, [1] if device == "cpu" else [*SIDE_BY_SIDE], check_positive("seconds", seconds))
    except (ValueError, TypeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table.to_string(index=False, float_format="{:.4g}".format))
    return 0 if "chosen" in set(table.verdict) else 1


if __name__ == "__main__":
    sys.exit(main())
