"""The same training with every variant on a real GPU, and the table that the choice is made from. Skipped without one."""

import copy

import pytest
import torch
from small_pretraining import small_settings

from replication.datasets import load_image_set
from replication.experiments.cifar.captured_step import CapturedStep
from replication.experiments.cifar.pretraining import Pretraining
from replication.experiments.cifar.step_table import TOLERANCE, largest_deviation, time_steps
from replication.experiments.cifar.step_timer import StepTimer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU with CUDA")
CHANGES = {"images": 320, "batch_size": 32, "size": 32}


@pytest.mark.parametrize("objective", ["simclr", "sogclr", "infonce", "dcl", "partial auc", "spectral"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_graph_begins_as_eager_does(objective, precision):
    timer = StepTimer([small_settings(objective=objective, precision=precision, **CHANGES)], "cuda")
    largest_deviation(timer.prepare("graph"), timer.prepare("eager"), TOLERANCE[precision])


@pytest.mark.parametrize("variant", ["compiled", "compiled graph"])
def test_what_is_compiled_begins_as_eager_does(variant):
    timer = StepTimer([small_settings(precision="bfloat16", **CHANGES)], "cuda")
    largest_deviation(timer.prepare(variant), timer.prepare("eager"), TOLERANCE["bfloat16"])


def test_recording_changes_nothing_and_a_state_goes_on_with_another_variant():
    settings, train = small_settings(objective="sogclr", lr=3e-4, epochs=4, **CHANGES), load_image_set("digits", "train")
    graph, eager = (Pretraining(settings, train, "cuda", variant=variant) for variant in ("graph", "eager"))
    plan = torch.arange(320).view(10, 32)
    list(graph.steps(plan[:3], 0, 1))
    before = copy.deepcopy(graph.state_dict())
    step = CapturedStep(graph.loss_of, graph.network, graph.objective, graph.optimizer)
    step._record(torch.randn(64, 3, 32, 32, device="cuda"), torch.arange(32, device="cuda"))
    for name in ("network", "objective"):
        torch.testing.assert_close(graph.state_dict()[name], before[name], rtol=0, atol=0)
    eager.load_state_dict(before)
    graph.load_state_dict(copy.deepcopy(before))
    losses = [torch.stack(list(task.steps(plan, 3, 1))) for task in (graph, eager)]
    torch.testing.assert_close(*losses, rtol=1e-3, atol=1e-3)


def test_the_table_has_a_choice():
    table = time_steps([small_settings(precision="bfloat16", **CHANGES)], "cuda", [1, 2], seconds=0.5)
    print(table.to_string())
    assert (table.verdict == "chosen").sum() == 1
    assert not table.verdict[table.variant.isin(["eager", "graph"])].str.startswith("skipped").any(), table.verdict.tolist()
