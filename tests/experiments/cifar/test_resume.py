"""A run that is really killed, at any moment, ends bit-identical to one that was left alone."""

import signal

import pytest
import torch
from compare_states import equal
from processes import exit_code
from small_pretraining import run_until_killed, small_task, small_trainer

from replication.training.checkpoint import CheckpointError, load_checkpoint


def run(folder, objective, where, count):
    return exit_code(run_until_killed, folder, objective, where, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objective", "kills"), [("sogclr", [("update", 3), ("writing", 4)]), ("simclr, snapshot", [("update", 8)])]
)
def test_killed_runs_end_like_one_that_was_left_alone(tmp_path, objective, kills):
    for where, count in kills:
        assert run(tmp_path / "killed", objective, where, count) == -signal.SIGKILL
    assert run(tmp_path / "killed", objective, "never", 0) == 0
    torch.set_num_threads(1)
    small_trainer(tmp_path / "whole", small_task(objective=objective), check_every=50).run()
    killed, whole = (load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("killed", "whole"))
    for name in ("task", "history", "random", "epoch", "plan", "identity"):
        assert equal(killed[name], whole[name]), name
    assert killed["epoch"] == 2 and len(killed["history"]) == 2
    if objective == "sogclr":
        assert killed["task"]["objective"]  # the state of each sample travels with the checkpoint


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    small_trainer(tmp_path, small_task(epochs=1)).run()
    with pytest.raises(CheckpointError, match=r"belongs to another run: it has temperature=0\.1 \(here 0\.2\)"):
        small_trainer(tmp_path, small_task(epochs=1, temperature=0.2)).run()
