"""A grid of trainings within a budget of minutes: whole comparisons first, and what does not fit is left for another call."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from replication.experiments.grid.record_files import Key
from replication.experiments.grid.side_by_side import run_grid
from replication.experiments.grid.training import epochs_done

# What forecasts leave out, evaluation and choosing batches, until a training has been measured.
NOT_FORECAST = 1.5


class NothingFinished(RuntimeError):
    """The budget ended before any training that tables could be made of; the checkpoints are kept."""


@dataclass
class Job:
    """One training that is still to be made.

    Attributes:
        key: objective, method, seed.
        arguments: of the function that trains.
        folder: where its checkpoint is, or will be.
        epochs: of it.
        seconds: forecast of the whole training, alone.
    """

    key: Key
    arguments: tuple
    folder: Path
    epochs: int
    seconds: float = 0.0

    def seconds_left(self) -> float:
        """Return the forecast of what its checkpoint leaves to do."""
        return self.seconds * max(0.0, 1 - epochs_done(self.folder) / self.epochs)


@dataclass
class Outcome:
    """What a call did: results by key, and what is left."""

    results: dict[Key, object] = field(default_factory=dict)
    left: int = 0  # trainings
    minutes_left: float = 0.0  # that they will take, about


def run_jobs(
    train: Callable,
    jobs: list[Job],
    workers: int,
    minutes: float = 0.0,
    begin: float | None = None,
    prepare: Callable[[list[Job], float], bool] | None = None,
) -> Outcome:
    """Train the jobs in blocks, all methods of one objective and seed together, so that what is finished is comparable.

    Without a budget all are trained. With one, a block begins only if it is expected to fit into what is left of the minutes.
    The first block of a call begins in any case, as pieces that are shorter than a block would never add up. When the time is
    over, trainings end at the end of their epoch, with their checkpoints. The forecast is corrected by what was measured.

    Args:
        train: an importable function; see `run_grid`.
        jobs: in the order of the blocks: those of one objective and seed stand together.
        workers: trainings side by side. Several blocks go together where one alone would leave some idle.
        minutes: the budget; 0: none.
        begin: when it began to count, of `time.monotonic`; None: now.
        prepare: (block, deadline) -> done: does what must be done before a block, such as a first stage.
    """
    outcome, prepare = Outcome(), prepare or (lambda block, deadline: True)
    if jobs and not minutes:
        prepare(jobs, math.inf)
        for job, result in zip(jobs, run_grid(train, [j.arguments for j in jobs], _epochs(jobs), workers), strict=True):
            outcome.results[job.key] = result
    if not jobs or not minutes:
        return outcome
    begin = time.monotonic() if begin is None else begin
    deadline, factor, spent, forecast = begin + 60 * minutes, NOT_FORECAST, 0.0, 0.0
    waiting = _rounds(jobs, workers)
    while waiting:
        block, now = waiting[0], time.monotonic()
        expected = side_by_side([job.seconds_left() for job in block], workers)
        if outcome.results and now + factor * expected > deadline:
            break
        if not prepare(block, deadline):
            break
        results = run_grid(train, [job.arguments for job in block], _epochs(block), workers, deadline=deadline)
        outcome.results |= {job.key: result for job, result in zip(block, results, strict=True) if result is not None}
        stopped = [job for job, result in zip(block, results, strict=True) if result is None]
        spent += time.monotonic() - now
        forecast += max(0.0, expected - side_by_side([job.seconds_left() for job in stopped], workers))
        factor = spent / forecast if forecast else factor
        if stopped:
            break
        waiting.pop(0)
    left = [job for job in jobs if job.key not in outcome.results]
    outcome.left = len(left)
    outcome.minutes_left = factor * side_by_side([job.seconds_left() for job in left], workers) / 60
    return outcome


def side_by_side(seconds: list[float], workers: int) -> float:
    """Return how long jobs of these seconds take at least, with so many at once."""
    return max(sum(seconds) / max(1, min(workers, len(seconds))), *seconds, 0.0) if seconds else 0.0


def _rounds(jobs: list[Job], workers: int) -> list[list[Job]]:
    """Return the blocks in their order, joined where one would leave workers idle."""
    rounds: list[list[Job]] = []
    for _, block in groupby(jobs, key=lambda job: (job.key[0], job.key[2])):
        block = list(block)
        if rounds and len(rounds[-1]) + len(block) <= workers:
            rounds[-1] += block
        else:
            rounds.append(block)
    return rounds


def _epochs(jobs: list[Job]) -> int:
    return max((job.epochs for job in jobs), default=0)
