"""The loop: the right number of updates, resuming at any step, and what stops it."""

import itertools

import pytest
import torch
from toy_task import ToyTask

from replication.selection import OrderedSGD, ShuffledBatches, SwapSearch
from replication.training.checkpoint import CheckpointError
from replication.training.loop import Trainer, TrainingDiverged, all_finite


class Interrupted(Exception):
    pass


def trainer(folder, task=None, selector=None, epochs=3, **options):
    return Trainer(task or ToyTask(), selector or SwapSearch(4), epochs, 0, folder, **{"checkpoint_minutes": 0} | options)


def test_every_epoch_makes_floor_n_over_b_updates_and_is_recorded(tmp_path):
    task, notes = ToyTask(22), []
    run = trainer(tmp_path, task, describe_plan=lambda plan, epoch: {"rows": len(plan), "of": epoch})
    run.run(notes.append)
    assert task.updates == 3 * 5 and notes == [0, 1, 2, 3]
    assert [record["epoch"] for record in run.history] == [0, 1, 2]
    assert all(record["rows"] == 5 and record["of"] == record["epoch"] for record in run.history)
    assert task.passes == [(0, 0), (1, 0), (2, 0)]
    for record in run.timings:
        assert record["features"] > 0 and record["selection"] > 0 and record["steps"] > 0


def test_the_recorded_loss_is_the_mean_over_the_batches(tmp_path):
    task, seen = ToyTask(), []
    steps = task.steps

    def watched(plan, start, epoch):
        for loss in steps(plan, start, epoch):
            seen.append(float(loss))
            yield loss

    task.steps = watched
    run = trainer(tmp_path, task, epochs=2, check_every=2)
    run.run()
    assert [record["loss"] for record in run.history] == pytest.approx([sum(seen[:5]) / 5, sum(seen[5:]) / 5])


def test_shuffled_batches_need_no_features(tmp_path):
    task = ToyTask()
    trainer(tmp_path, task, ShuffledBatches(4)).run()
    assert task.passes == [] and task.updates == 15


@pytest.mark.parametrize("selector", [SwapSearch(4), OrderedSGD(4, q=2), ShuffledBatches(4)])
@pytest.mark.parametrize("stop", [1, 4, 5, 6, 13])
def test_a_run_broken_off_at_any_step_ends_like_an_uninterrupted_one(tmp_path, selector, stop):
    torch.manual_seed(0)
    whole = trainer(tmp_path / "whole", task=ToyTask(), selector=selector, check_every=1)
    whole.run()

    torch.manual_seed(0)
    task = ToyTask()
    steps = task.steps

    def breaking(plan, start, epoch):
        for loss in steps(plan, start, epoch):
            if task.updates == stop:
                raise Interrupted
            yield loss

    task.steps = breaking
    with pytest.raises(Interrupted):
        trainer(tmp_path / "broken", task, selector, check_every=1).run()

    torch.manual_seed(99)  # the checkpoint brings the state of the global generator
    second = ToyTask()
    run = trainer(tmp_path / "broken", second, selector, check_every=1)
    run.run()
    assert torch.equal(second.weight, whole.task.weight)
    assert run.history == whole.history
    assert second.updates == whole.task.updates == 15


def test_a_finished_run_is_not_trained_again(tmp_path):
    trainer(tmp_path).run()
    task, notes = ToyTask(), []
    again = trainer(tmp_path, task)
    again.run(notes.append)
    assert notes == [3] and task.passes == [] and len(again.history) == 3


@pytest.mark.parametrize(("fail_at", "where"), [(0, "epoch 1, step 1 of 5"), (8, "epoch 2, step 4 of 5")])
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(tmp_path, fail_at, where):
    with pytest.raises(TrainingDiverged, match=rf"^the loss is nan at {where}; ") as caught:
        trainer(tmp_path, ToyTask(fail_at=fail_at), check_every=3).run()
    assert "\n" not in str(caught.value)
    if fail_at:
        assert "last good checkpoint is kept" in str(caught.value)
        resumed = ToyTask()
        trainer(tmp_path, resumed).run()
        assert all_finite(resumed.state_dict()) and resumed.updates == 15
    else:
        assert "no checkpoint was written yet" in str(caught.value) and not (tmp_path / "checkpoint.pt").exists()


def test_weights_that_are_not_finite_never_reach_a_checkpoint(tmp_path):
    task = ToyTask()
    steps = task.steps

    def spoiling(plan, start, epoch):
        for loss in steps(plan, start, epoch):
            if task.updates == 10:  # after the last loss of the second epoch has been computed
                with torch.no_grad():
                    task.weight[0, 0] = torch.inf
            yield loss

    task.steps = spoiling
    with pytest.raises(TrainingDiverged, match=r"^weights or state became NaN or infinite"):
        trainer(tmp_path, task).run()
    resumed = ToyTask()
    trainer(tmp_path, resumed).run()
    assert all_finite(resumed.state_dict())


def test_features_that_are_not_finite_stop_the_plan(tmp_path):
    task = ToyTask()
    task.embed = lambda epoch, number: (torch.full((20, 4), torch.nan),) * 2
    with pytest.raises(TrainingDiverged, match=r"^the features for the plan of epoch 1 are not finite; no checkpoint"):
        trainer(tmp_path, task).run()


def test_another_runs_checkpoint_is_refused(tmp_path):
    trainer(tmp_path, epochs=1).run()
    with pytest.raises(CheckpointError, match=r"belongs to another run: it has rate=0\.1 \(here 0\.2\)"):
        trainer(tmp_path, ToyTask(rate=0.2)).run()


def test_another_plan_is_refused(tmp_path):
    class Full(Exception):
        pass

    task = ToyTask()
    steps = task.steps
    task.steps = lambda plan, start, epoch: itertools.chain(itertools.islice(steps(plan, start, epoch), 2), _raise(Full))
    with pytest.raises(Full):
        trainer(tmp_path, task, check_every=1).run()
    with pytest.raises(CheckpointError, match=r"holds a plan \[5, 4\] .* must be \[4, 5\]"):
        trainer(tmp_path, ToyTask(), ShuffledBatches(5)).run()


def _raise(error):
    raise error
    yield


def test_all_finite_looks_everywhere():
    fine = {"a": [torch.ones(2), 3], "b": {"c": torch.tensor([1, 2])}, "d": None}
    assert all_finite(fine)
    assert not all_finite(fine | {"e": [{"f": torch.tensor([1.0, torch.nan])}]})
