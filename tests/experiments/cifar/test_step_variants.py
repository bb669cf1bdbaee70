"""Every variant of the update makes the same training; graphs are replayed by a stand-in, as there is no GPU."""

import copy

import pytest
import torch
from replayed_steps import allow_graphs_on_cpu
from small_pretraining import small_settings, small_task, small_trainer

from replication.datasets import load_image_set
from replication.experiments.cifar import captured_step
from replication.experiments.cifar.captured_step import unchanged
from replication.experiments.cifar.pretraining import Pretraining
from replication.experiments.cifar.step_variants import variants_for
from replication.losses import OBJECTIVES
from replication.training.checkpoint import load_checkpoint
from replication.training.loop import all_finite

PLAN = torch.arange(80).view(5, 16).repeat(2, 1)  # batches come twice, for the state of each sample


def task_of(variant, **changes):
    """A rate so small that roundings stay small: at the published one ten updates make some per cent of them."""
    return Pretraining(small_settings(lr=3e-4, **changes), load_image_set("digits", "train"), variant=variant)


@pytest.fixture
def graphs(monkeypatch):
    allow_graphs_on_cpu(monkeypatch)
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module, **options: compile_(module, backend="eager"))


def assert_same(mine, theirs, tolerance=1e-4):
    """Momenta, which are gradients, may differ by more: one of a layer before batch normalisation is all rounding."""
    for name in ("network", "objective"):
        torch.testing.assert_close(mine[name], theirs[name], rtol=tolerance, atol=tolerance)
    for name, state in theirs["optimizer"]["state"].items():
        torch.testing.assert_close(mine["optimizer"]["state"][name], state, rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_graph_makes_the_same_updates_with_every_objective(graphs, objective):
    eager, graph = (task_of(variant, objective=objective, epochs=4) for variant in ("eager", "graph"))
    # A snapshot needs batches that come once, so there they come in two epochs, and it is renewed.
    parts = [(PLAN[:5], 1), (PLAN[:5], 2)] if "snapshot" in objective else [(PLAN, 1)]
    expected, found = (
        torch.stack([loss for plan, epoch in parts for loss in task.steps(plan, 0, epoch)]) for task in (eager, graph)
    )
    assert found.unique().numel() == len(PLAN)  # each loss keeps its value though the graph overwrites its own
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert_same(graph.state_dict(), eager.state_dict())


@pytest.mark.parametrize(("variant", "precision"), [("compiled", "float32"), ("compiled graph", "bfloat16")])
def test_compiled_variants_make_the_same_updates(graphs, variant, precision):
    losses = []
    for each in ("eager", variant):
        task = task_of(each, precision=precision)
        task.embed(0, 0)
        losses.append(torch.stack(list(task.steps(PLAN[:5], 0, 1))))
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-3, atol=1e-3)


def test_recording_changes_nothing_that_is_trained(graphs):
    task = task_of("graph", objective="sogclr")
    list(task.steps(PLAN[:2], 0, 1))  # momenta, averages and statistics are no longer what they begin with
    task.captured = None
    tensors = [*task.network.parameters(), *task.network.buffers(), *task.objective.buffers()]
    before, places = copy.deepcopy(task.state_dict()), [tensor.data_ptr() for tensor in tensors]
    task.captured = captured_step.CapturedStep(task.loss_of, task.network, task.objective, task.optimizer)
    task.captured._record(torch.randn(32, 3, 16, 16), torch.arange(16))
    assert_same(task.state_dict(), before, tolerance=0)
    assert [tensor.data_ptr() for tensor in tensors] == places
    assert not all_finite(task.state_dict()["objective"])  # samples that were not visited are still marked as such


def test_values_come_back_also_after_a_failure():
    x = torch.arange(3.0)
    with pytest.raises(RuntimeError, match="on the way"), unchanged([x]):
        x += 1
        raise RuntimeError("on the way")
    assert x.tolist() == [0, 1, 2]


def test_a_failed_recording_leaves_a_task_that_can_go_on(graphs, monkeypatch):
    def fail(step):
        step()
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(captured_step, "record", fail)
    task = task_of("graph")
    before = copy.deepcopy(task.state_dict()["network"])
    with pytest.raises(RuntimeError, match="not permitted"):
        list(task.steps(PLAN, 0, 1))
    torch.testing.assert_close(task.state_dict()["network"], before, rtol=0, atol=0)
    assert all(p.grad is None for p in task.network.parameters())


class Killed(Exception):
    """A training was broken off."""


@pytest.mark.parametrize(("first", "second"), [("graph", "graph"), ("eager", "graph"), ("graph", "eager")])
def test_a_training_broken_off_inside_an_epoch_goes_on_with_any_variant(graphs, tmp_path, first, second):
    """It is broken off in the first of two epochs of 3 updates; `small_trainer` writes a checkpoint after each."""
    changes = {"objective": "sogclr", "images": 48, "warmup_epochs": 0}
    whole = small_trainer(tmp_path / "whole", task_of("eager", **changes))
    whole.run()
    task = task_of(first, **changes)
    update, done = task._update, []

    def break_off(*arguments):
        if len(done) == 2:
            raise Killed
        done.append(None)
        return update(*arguments)

    task._update = break_off
    with pytest.raises(Killed):
        small_trainer(tmp_path / "parts", task).run()
    assert load_checkpoint(tmp_path / "parts" / "checkpoint.pt")["position"] == 2
    rest = small_trainer(tmp_path / "parts", task_of(second, **changes))
    rest.run()
    assert rest.resumed_seconds > 0
    assert [epoch["loss"] for epoch in rest.history] == pytest.approx([epoch["loss"] for epoch in whole.history], rel=1e-4)
    ends = [load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("parts", "whole")]
    assert_same(ends[0]["task"], ends[1]["task"])
    assert ends[0]["identity"] == ends[1]["identity"]


def test_a_state_that_is_loaded_makes_a_graph_be_recorded_anew(graphs):
    task = task_of("graph")
    list(task.steps(PLAN[:1], 0, 1))
    assert task.captured is not None
    task.load_state_dict(copy.deepcopy(task.state_dict()))
    assert task.captured is None


def test_autocast_keeps_no_weights_in_a_graph(graphs):
    for variant, cached in (("eager", True), ("compiled", True), ("graph", False), ("compiled graph", False)):
        with task_of(variant, precision="bfloat16").autocast():
            assert torch.is_autocast_enabled("cpu") and torch.is_autocast_cache_enabled() is cached


def test_what_there_is_depends_on_the_device():
    plain, compiled = small_settings(), small_settings(compiled=True)
    assert variants_for(plain, torch.device("cpu")) == ["eager"]
    assert variants_for(compiled, torch.device("cpu")) == ["eager", "compiled"]
    assert variants_for(plain, torch.device("cuda")) == ["eager", "graph", "compiled", "compiled graph"]
    assert small_task().variant == "eager"
    with pytest.raises(ValueError, match=r"^variant='graph' needs a device of type cuda; it is cpu$"):
        task_of("graph")
    with pytest.raises(ValueError, match=r"^variant='fast' must be one of 'eager', 'compiled', 'graph', 'compiled graph'$"):
        task_of("fast")
