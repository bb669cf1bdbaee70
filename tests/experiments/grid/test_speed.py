"""Times of a few updates: positive, and the threads are left as they were."""

import torch
from small_pretraining import small_task

from replication.experiments.grid import speed
from replication.experiments.grid.speed import least_seconds, seconds_of_updates


def test_updates_are_timed_and_threads_left_as_they_were():
    threads, task = torch.get_num_threads(), small_task()
    assert 0 < seconds_of_updates(task, 16, 2, task.device) < 60
    assert torch.get_num_threads() == threads


def test_the_first_call_does_not_count(monkeypatch):
    clock = iter([0, 9, 10, 13, 20, 22, 30, 34])
    monkeypatch.setattr(speed.time, "perf_counter", lambda: next(clock))
    assert least_seconds(lambda: None, torch.device("cpu")) == 2
