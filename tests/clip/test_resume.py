"""A fine-tuning that is really killed ends bit-identical to one that was left alone."""

import signal

import pytest
import torch
from compare_states import equal
from processes import exit_code
from small_finetuning import run_until_killed, small_task, small_trainer

from replication.training.checkpoint import load_checkpoint


def run(folder, objective, count):
    return exit_code(run_until_killed, folder, objective, count)


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "kill_at"), [("clip", 3), ("sogclr", 7), ("partial auc", 5)])
def test_a_killed_run_ends_like_one_that_was_left_alone(tmp_path, objective, kill_at):
    assert run(tmp_path / "killed", objective, kill_at) == -signal.SIGKILL
    assert run(tmp_path / "killed", objective, 0) == 0
    torch.set_num_threads(1)
    small_trainer(tmp_path / "whole", small_task(objective=objective)).run()
    killed, whole = (load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("killed", "whole"))
    for name in ("task", "history", "random", "epoch", "plan", "identity"):
        assert equal(killed[name], whole[name]), name
    assert len(killed["history"]) == killed["epoch"] > 1
