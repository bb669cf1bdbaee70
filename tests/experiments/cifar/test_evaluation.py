"""Measures of a network: on planted features, on both views, and without any trace left in the network."""

import sys

import pytest
import torch
from small_pretraining import small_settings, small_task

from replication.datasets import load_image_set
from replication.evaluation import knn_accuracy, linear_probe_accuracy, retrieval_metrics
from replication.experiments.cifar.evaluation import Evaluation, evaluate, evaluate_recalibrated, in_batch_losses, represent
from replication.experiments.cifar.pretraining import Pretraining

TEST = load_image_set("digits", "test")
EVALUATION = Evaluation(test_images=60, corrupted_images=5, severities=(1, 4), linear_probe=True)


def test_all_measures_are_there_and_the_network_is_left_as_it_was():
    task = small_task()
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    measures = evaluate(task, TEST, EVALUATION)
    assert task.network.training
    assert all(torch.equal(value, before[name]) for name, value in task.network.state_dict().items())
    assert measures == evaluate(task, TEST, EVALUATION)
    expected = {"R@1", "R@5", "R@10", "MRR", "median rank", "R@1 u2v", "R@1 v2u", "R@1 un-normalised", "kNN", "linear probe"}
    expected |= {"partial AUC", "two-way partial AUC"}
    expected |= {f"{name} {way}" for name in ("R@5", "R@10", "MRR") for way in ("u2v", "v2u")}
    expected |= {f"corrupted R@1{way}, severity {s}" for way in ("", " u2v", " v2u", " un-normalised") for s in (1, 4)}
    assert set(measures) == expected | {"corrupted R@1", "corrupted R@1 un-normalised"}
    assert measures["corrupted R@1"] == (measures["corrupted R@1, severity 1"] + measures["corrupted R@1, severity 4"]) / 2
    accuracies = [value for name, value in measures.items() if "MRR" not in name and name != "median rank"]
    assert all(0 <= value <= 100 for value in accuracies)
    assert measures["R@1"] <= measures["R@5"] <= measures["R@10"]
    for name in ("R@1", "corrupted R@1"):
        suffix = "" if name == "R@1" else ", severity 4"
        mean = 0.5 * (measures[f"{name} u2v{suffix}"] + measures[f"{name} v2u{suffix}"])
        assert measures[f"{name}{suffix}"] == pytest.approx(mean)


def test_a_network_that_knows_every_image_scores_full_marks():
    """Views without randomness and pixels as embeddings: each image finds itself, and each corruption too."""
    task = small_task()
    task.augment = lambda images, generator: images.float()
    task.embed_images = lambda views: views.flatten(1)
    measures = evaluate(task, TEST, EVALUATION)
    assert measures["R@1"] == measures["R@10"] == measures["R@5 v2u"] == 100 and measures["median rank"] == 1
    assert measures["corrupted R@1, severity 4"] > 90  # two types may agree on an image


def test_measures_are_those_of_the_evaluation_functions():
    task = small_task()
    measures = evaluate(task, TEST, EVALUATION)
    images = TEST.images[:60]
    task.network.eval()
    u, v = task.two_views(images, "test views")
    assert measures["R@5"] == retrieval_metrics(u, v)["mean R@5"]
    train, test = represent(task, task.images), represent(task, images)
    assert train.shape == (80, 128) and measures["kNN"] == knn_accuracy(train, task.labels, test, TEST.labels[:60], 80)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recalibrated_measures_leave_the_network_as_it_was_and_do_not_depend_on_its_statistics(precision):
    task = small_task(precision=precision)
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    found = evaluate_recalibrated(task, TEST, EVALUATION)
    names = {"R@1", "corrupted R@1", "corrupted R@1, severity 1", "corrupted R@1, severity 4", "kNN"}
    assert set(found) == {f"{name}, recalibrated" for name in names}
    assert all(torch.equal(value, before[name]) for name, value in task.network.state_dict().items())
    usual = evaluate(task, TEST, EVALUATION)
    for norm in task.network.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.running_mean.add_(1)
    assert evaluate_recalibrated(task, TEST, EVALUATION) == found
    assert evaluate(task, TEST, EVALUATION) != usual


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_recalibrated_measures_are_those_of_evaluate_with_the_statistics_of_a_shuffled_epoch(precision, monkeypatch):
    """Ranks among them: in half precision many scores would tie."""
    task, batches = small_task(precision=precision), []
    found = evaluate_recalibrated(task, TEST, EVALUATION)
    module = sys.modules["replication.evaluation.recalibrated"]  # a function of that name hides it in the package
    monkeypatch.setattr(module, "update_bn", lambda views, network: batches.extend(views))
    evaluate_recalibrated(task, TEST, EVALUATION)
    with task.autocast():
        torch.optim.swa_utils.update_bn(batches, task.network)
    expected = evaluate(task, TEST, EVALUATION)
    assert found == {name: expected[name.removesuffix(", recalibrated")] for name in found}


def test_recalibration_sees_every_image_once_in_batches_as_in_training(monkeypatch):
    """80 images in 5 batches, of both views of 16 images that are not neighbours in the data."""
    task, batches = small_task(), []
    task.draw_views = lambda images: images.float()
    module = sys.modules["replication.evaluation.recalibrated"]
    monkeypatch.setattr(module, "update_bn", lambda views, network: batches.extend(views))
    evaluate_recalibrated(task, TEST, EVALUATION)
    assert [len(batch) for batch in batches] == [32] * 5 and all(torch.equal(*batch.chunk(2)) for batch in batches)
    seen, images = torch.cat([batch[:16] for batch in batches]), task.images.float()
    assert not torch.equal(seen, images)
    rows = (seen.flatten(1)[:, None] == images.flatten(1)).all(dim=2).nonzero()[:, 1]
    assert rows.unique().tolist() == list(range(80))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_measures_are_nearly_those_of_the_cpu_and_the_classifiers_run_there(monkeypatch):
    devices = []
    for name, function in (("knn_accuracy", knn_accuracy), ("linear_probe_accuracy", linear_probe_accuracy)):
        call = lambda *a, function=function: devices.extend([a[0].device.type, a[2].device.type]) or function(*a)  # noqa: E731
        monkeypatch.setattr(f"replication.experiments.cifar.evaluation.{name}", call)
    task = Pretraining(small_settings(), load_image_set("digits", "train"), "cuda")
    found = evaluate(task, TEST, EVALUATION)
    assert devices == ["cuda"] * 4
    expected = evaluate(small_task(), TEST, EVALUATION)
    for name in ("kNN", "linear probe"):  # of 60 test images, two may differ by rounding
        assert found[name] == pytest.approx(expected[name], abs=100 * 2 / 60 + 1e-6)


def test_representations_do_not_depend_on_the_block(monkeypatch):
    task = small_task()
    task.network.eval()
    whole = represent(task, task.images)
    monkeypatch.setattr("replication.experiments.cifar.evaluation.FEATURE_BATCH", 7)
    torch.testing.assert_close(represent(task, task.images), whole, rtol=1e-4, atol=1e-5)
    seen = []
    task.network.backbone.register_forward_hook(lambda module, inputs, output: seen.append(len(output)))
    monkeypatch.setattr("replication.experiments.cifar.pretraining.VIEW_PIXELS", 3 * 16 * 16)
    torch.testing.assert_close(represent(task, task.images), whole, rtol=1e-4, atol=1e-5)
    assert max(seen) == 3


def test_losses_of_chosen_batches_are_larger():
    losses = in_batch_losses(small_task(images=160, method="SC (exp)"))
    assert list(losses) == ["SGD", "OSGD", "SC", "SwapSearch", "SC (exp)"]  # the last one is what it was trained with
    means = {name: sum(values) / len(values) for name, values in losses.items()}
    assert len(losses["SGD"]) == 10 and len(losses["OSGD"]) == 1
    assert means["SGD"] < means["SC"] and means["SGD"] < means["SwapSearch"] and means["SGD"] < means["OSGD"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"severities": ()}, r"^severities=\[\] must hold at least one of 1 to 5$"),
        ({"severities": (1, 1)}, r"^severities=\[1, 1\] must not hold one twice$"),
        ({"severities": (6,)}, r"^severity=6 must be >= 1 and <= 5$"),
        ({"corrupted_images": 0}, r"^corrupted_images=0 must be >= 1$"),
    ],
)
def test_wrong_evaluations_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Evaluation(**changes)
