"""A table of the speed of every variant of the update, with one and more trainings side by side; the fastest is chosen."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from replication.experiments.cifar.settings import Settings
from replication.experiments.cifar.step_crew import Crew, Here, StepFailed
from replication.experiments.cifar.step_timer import Beginning
from replication.experiments.cifar.step_variants import variants_for

SIDE_BY_SIDE = (1, 2, 4)
# Largest difference of the first losses from those of "eager", as a share of the largest loss. Kernels that are fused round
# elsewhere, and updates magnify it; in bfloat16 a rounding is 0.4 %.
TOLERANCE = {"float32": 1e-3, "bfloat16": 2e-2}
DISTANCE = 0.05  # the same for the distance that the weights have moved, which a wrong step changes most
NEARLY = 0.95  # share of the highest speed that counts as equal to it
COLUMNS = ("variant", "side by side", "ms per update", "ms per update and training", "updates/s", "images/s", "TFLOP/s")
COLUMNS += ("largest deviation", "verdict")


def time_steps(
    trainings: list[Settings], device: str, counts: list[int], seconds: float = 1.5, start: Callable | None = None
) -> pd.DataFrame:
    """Return a table of the speed of every variant with so many trainings side by side.

    Args:
        trainings: settings that differ in the objective only. The first is timed; all must begin as with "eager".
        device: "cpu" or "cuda".
        counts: numbers of trainings side by side, ascending.
        seconds: of each measurement, at least; preparing takes longer.
        start: (count) to a `Crew` or what answers as one does; by default processes on a GPU, and this one elsewhere.

    Returns:
        A row for each variant and number, or one for a variant that cannot be used: ms of an update, as one training sees it,
        and divided by the number of trainings; updates and images a second of all together (two views count once); TFLOP/s
        of both passes of the network; the largest deviation of the first losses from those of "eager", as a share of the
        largest; and the verdict: "chosen", "", or "skipped: " and why.
    """
    start = start or (lambda count: Here(trainings, device) if device == "cpu" else Crew(count, trainings, device))
    s, rows, crew, expected, flops = trainings[0], [], None, None, float("nan")
    try:
        for variant in variants_for(s, torch.device(device)):
            row = {"variant": variant, "side by side": counts[0], "verdict": ""}
            try:
                crew = crew or start(counts[-1])
                (begun,) = crew.ask([0], "prepare", variant)
                if expected is None:  # the first variant is "eager"
                    expected = begun
                    (flops,) = crew.ask([0], "flops")
                row["largest deviation"] = largest_deviation(begun, expected, TOLERANCE[s.precision])
                ready = 1
                for count in counts:
                    row["side by side"] = count
                    crew.ask(range(ready, count), "prepare", variant)
                    ready = count
                    rows.append(row | _speeds(crew.ask(range(count), "speed", seconds), s.batch_size))
            except StepFailed as error:  # also: too little memory for so many
                rows.append(row | {"verdict": f"skipped: {error}"})
                crew = crew and crew.close()  # an error of CUDA spoils its process for all that follows: the next is new
                if expected is None:
                    break  # nothing to compare with
    finally:
        if crew:
            crew.close()
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["TFLOP/s"] = table["updates/s"].astype(float) * flops / 1e12
    return choose(table)


def largest_deviation(begun: dict[str, Beginning], expected: dict[str, Beginning], tolerance: float) -> float:
    """Return the largest difference of losses from those expected, as a share of the largest of these; of all objectives.

    Args:
        begun, expected: by objective, how trainings begin with a variant of the update and with "eager".
        tolerance: of the losses; that of the distances is `DISTANCE`.

    Raises:
        StepFailed: losses or distance deviate by more, or are not finite.
    """
    largest = 0.0
    for objective, (losses, distance) in expected.items():
        mine = begun[objective]
        deviation = float(np.abs(np.subtract(mine.losses, losses)).max() / np.abs(losses).max())  # NaN if any loss is
        for what, by, most in (
            ("losses", deviation, tolerance),
            ("moved weights", abs(mine.distance / distance - 1), DISTANCE),
        ):
            if not by <= most:  # not even where it is NaN
                raise StepFailed(f"the {what} of {objective} deviate by {by:.2g} from those of eager; at most {most:g}")
        largest = max(largest, deviation)
    return largest


def _speeds(spans: list[tuple[int, float]], batch_size: int) -> dict[str, float]:
    rate = sum(updates / seconds for updates, seconds in spans)
    return {
        "ms per update": 1000 * sum(seconds / updates for updates, seconds in spans) / len(spans),
        "ms per update and training": 1000 / rate,
        "updates/s": rate,
        "images/s": rate * batch_size,
    }


def choose(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `time_steps` with the verdict "chosen" in one row, if any can be used.

    It is the fastest. Of those nearly as fast, it is the one with most trainings side by side, as the rest of a training,
    choosing batches and evaluation, then overlaps with the updates of others.
    """
    usable = table[(table.verdict == "") & table["updates/s"].notna()]
    usable = usable[usable["updates/s"] >= NEARLY * usable["updates/s"].max()]
    if not usable.empty:
        best = usable.sort_values(["side by side", "updates/s"], ascending=False, kind="stable").index[0]
        table.loc[best, "verdict"] = "chosen"
    return table
