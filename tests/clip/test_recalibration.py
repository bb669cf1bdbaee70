"""Retrieval with the batch statistics of shuffled batches: another measure, and nothing changed by it."""

import sys

import pytest
import torch
from small_finetuning import small_task

from replication.clip.evaluation import evaluate, evaluate_recalibrated


def test_a_tower_with_batch_normalisation_has_the_measure_and_keeps_its_statistics():
    task = small_task(model="mobilenetv2-tiny-text", size=32, images=48, precision="bfloat16")
    test = task.settings.load("test").head(20)
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    found, again = evaluate_recalibrated(task, test), evaluate_recalibrated(task, test)
    assert set(found) == {"mean R@1, recalibrated", "mean R@10, recalibrated"} and found == again
    assert all(0 <= value <= 100 for value in found.values())
    assert all(torch.equal(value, before[name]) for name, value in task.network.state_dict().items())


def test_running_statistics_matter_to_the_usual_measures_only():
    task = small_task(model="mobilenetv2-tiny-text", size=32, images=48)
    test = task.settings.load("test").head(20)
    usual, expected = task.embed_pairs(test.images, task.tokens[:1])[0], evaluate_recalibrated(task, test)
    task.network.visual.trunk.bn1.running_mean.add_(1)
    assert evaluate_recalibrated(task, test) == expected
    assert not torch.allclose(task.embed_pairs(test.images, task.tokens[:1])[0], usual, atol=1e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_measures_are_those_of_evaluate_with_other_statistics(precision, monkeypatch):
    """Ranks among them: in half precision many scores would tie."""
    task, batches = small_task(model="mobilenetv2-tiny-text", size=32, images=48, precision=precision), []
    test = task.settings.load("test").head(20)
    found = evaluate_recalibrated(task, test)
    module = sys.modules["replication.evaluation.recalibrated"]  # a function of that name hides it in the package
    monkeypatch.setattr(module, "update_bn", lambda images, network: batches.extend(images))
    evaluate_recalibrated(task, test)
    with task.autocast():
        torch.optim.swa_utils.update_bn(batches, task.network.visual)
    expected = evaluate(task, test)
    assert found == {name: expected[name.removesuffix(", recalibrated")] for name in found}


@pytest.mark.parametrize("changes", [{}, {"model": "mobilenetv2-tiny-text", "size": 32, "freeze": "image"}])
def test_no_measure_where_no_statistics_were_learned(changes):
    task = small_task(images=48, **changes)
    test = task.settings.load("test").head(20)
    assert evaluate_recalibrated(task, test) == {} and "mean R@10" in evaluate(task, test)
