"""Blocks within a budget, on a clock of the test's own; the real thing is tested with trainings in tests/experiments/cifar."""

import pytest

from replication.experiments.grid import budget
from replication.experiments.grid.budget import Job, run_jobs, side_by_side


class Clock:
    """A clock, and trainings that take a minute each, two side by side."""

    def __init__(self, monkeypatch, minutes_each=1.0):
        self.now, self.calls, self.each = 0.0, [], minutes_each
        monkeypatch.setattr(budget.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(budget, "run_grid", self.run)

    def run(self, train, jobs, epochs, workers, deadline=float("inf")):
        self.calls.append([argument for (argument,) in jobs])
        self.now += 60 * self.each * -(-len(jobs) // workers)
        return [None] * len(jobs) if self.now > deadline else [argument.upper() for (argument,) in jobs]


def jobs(tmp_path, seeds=3, seconds=60.0):
    return [
        Job(("simclr", method, seed), (f"{method}{seed}",), tmp_path / f"{method}{seed}", 10, seconds)
        for seed in range(seeds)
        for method in ("a", "b")
    ]


def test_without_a_budget_all_go_together(tmp_path, monkeypatch):
    clock = Clock(monkeypatch)
    outcome = run_jobs(None, jobs(tmp_path), workers=2)
    assert clock.calls == [["a0", "b0", "a1", "b1", "a2", "b2"]]
    assert outcome.left == 0 and outcome.results[("simclr", "b", 2)] == "B2"


def test_a_block_begins_only_if_it_is_expected_to_fit(tmp_path, monkeypatch):
    clock = Clock(monkeypatch)
    outcome = run_jobs(None, jobs(tmp_path), workers=2, minutes=2.5)
    assert clock.calls == [["a0", "b0"], ["a1", "b1"]]  # whole comparisons; the third would end after three minutes
    assert outcome.left == 2 and outcome.minutes_left == pytest.approx(1.0)


def test_what_was_measured_corrects_the_forecast(tmp_path, monkeypatch):
    clock = Clock(monkeypatch, minutes_each=2.0)  # twice the forecast
    outcome = run_jobs(None, jobs(tmp_path), workers=2, minutes=3.5)
    assert clock.calls == [["a0", "b0"]]
    assert outcome.left == 4 and outcome.minutes_left == pytest.approx(4.0)


def test_the_first_block_begins_in_any_case_and_stops_at_the_deadline(tmp_path, monkeypatch):
    clock = Clock(monkeypatch, minutes_each=30.0)
    outcome = run_jobs(None, jobs(tmp_path, seconds=1800.0), workers=2, minutes=10)
    assert clock.calls == [["a0", "b0"]] and outcome.results == {} and outcome.left == 6


def test_what_a_stopped_block_took_corrects_the_forecast_of_the_rest(tmp_path, monkeypatch):
    clock = Clock(monkeypatch, minutes_each=30.0)
    run = clock.run

    def half_done(train, jobs, *rest, **options):
        """Stop both trainings after half of their epochs."""
        for (name,) in jobs:
            (tmp_path / name).mkdir()
            (tmp_path / name / "progress.json").write_text('{"epochs": 5}', encoding="utf-8")
        return run(train, jobs, *rest, **options)

    monkeypatch.setattr(budget, "run_grid", half_done)
    outcome = run_jobs(None, jobs(tmp_path, seeds=1, seconds=600.0), workers=2, minutes=10)  # thought to take ten minutes
    assert outcome.left == 2 and outcome.minutes_left == pytest.approx(30.0)  # half of it took thirty


def test_an_unfinished_training_counts_by_what_its_checkpoint_leaves(tmp_path, monkeypatch):
    (tmp_path / "a0").mkdir()
    (tmp_path / "a0" / "progress.json").write_text('{"epochs": 9}', encoding="utf-8")
    first, *_ = jobs(tmp_path)
    assert first.seconds_left() == pytest.approx(6.0)


def test_blocks_that_leave_workers_idle_go_together(tmp_path, monkeypatch):
    clock = Clock(monkeypatch)
    run_jobs(None, jobs(tmp_path), workers=4, minutes=60)
    assert clock.calls == [["a0", "b0", "a1", "b1"], ["a2", "b2"]]


def test_what_a_block_needs_is_done_before_it(tmp_path, monkeypatch):
    clock, prepared = Clock(monkeypatch), []

    def prepare(block, deadline):
        prepared.append([job.key[2] for job in block])
        return len(prepared) < 2

    outcome = run_jobs(None, jobs(tmp_path), workers=2, minutes=60, prepare=prepare)
    assert prepared == [[0, 0], [1, 1]] and clock.calls == [["a0", "b0"]] and outcome.left == 4


def test_jobs_side_by_side():
    assert side_by_side([], 2) == 0
    assert side_by_side([3.0, 1.0], 2) == 3.0 and side_by_side([1.0, 1.0, 1.0], 2) == 1.5 and side_by_side([2.0], 4) == 2.0
