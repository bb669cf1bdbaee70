"""Retrieval, chosen batches and nearest images against slow loops on digits."""

import math
from dataclasses import replace
from statistics import mean, median

import open_clip
import pytest
import torch
from open_clip import ClipLoss
from small_finetuning import small_task

from replication.clip.evaluation import HISTOGRAM_METHODS, embed_test, evaluate, in_batch_losses, nearest_images
from replication.evaluation import partial_auc
from replication.seeding import derived_seed
from replication.selection.registry import make_selector

TIE = 8 * torch.finfo(torch.float32).eps  # scores closer than this are ties, and ties count against the right answer


@pytest.fixture(scope="module")
def trained():
    """A task after one epoch, so that its features spread; its test images have one to five captions each."""
    task = small_task(method="SGD", images=160, lr=3e-3)
    list(task.steps(torch.randperm(160, generator=torch.Generator().manual_seed(0)).view(10, 16), 0, 1))
    test = task.settings.load("test").head(24)
    captions = [texts[: 1 + number % 5] for number, texts in enumerate(test.captions)]
    return task, replace(test, captions=captions)


def slow_features(task, test):
    """Return the unit features of images, and of the captions of each image, one by one, in float64."""
    network, tokenizer = task.network.eval(), open_clip.get_tokenizer(task.settings.model)
    with torch.no_grad():
        u = [network.encode_image((image[None] / 255 - 0.5) / 0.5)[0].double() for image in test.images]
        v = [[network.encode_text(tokenizer([text]))[0].double() for text in texts] for texts in test.captions]
    task.network.train()
    return [x / x.norm() for x in u], [[x / x.norm() for x in texts] for texts in v]


def rank_by_sorting(right, wrong):
    """Return the place of the best right answer in the sorted list of it and all wrong ones, behind those that tie with it."""
    best = max(right)
    ordered = sorted([(best - TIE, 0)] + [(score, 1) for score in wrong], reverse=True)
    return 1 + ordered.index((best - TIE, 0))


def slow_evaluation(task, test):
    u, v = slow_features(task, test)
    every = range(len(test))
    forth, back = [], []
    for i in every:
        forth.append(
            rank_by_sorting([float(u[i] @ text) for text in v[i]], [float(u[i] @ t) for j in every if j != i for t in v[j]])
        )
        for text in v[i]:
            back.append(rank_by_sorting([float(u[i] @ text)], [float(u[j] @ text) for j in every if j != i]))
    measures = {}
    for name, ranks in (("image to text", forth), ("text to image", back)):
        measures |= {f"{name} R@{k}": 100 * mean(rank <= k for rank in ranks) for k in (1, 5, 10)}
        measures[f"{name} median rank"] = float(median(ranks))
    for m in ("R@1", "R@5", "R@10", "median rank"):
        measures[f"mean {m}"] = (measures[f"image to text {m}"] + measures[f"text to image {m}"]) / 2
    # Equal captions tie here as there: both are compared to five decimals.
    right = torch.stack([u[i] @ text for i in every for text in v[i]]).mul(2**16).round()
    wrong = torch.stack([u[i] @ text for i in every for j in every if j != i for text in v[j]]).mul(2**16).round()
    for name, least in (("partial AUC", 0.0), ("two-way partial AUC", 0.5)):
        measures[name] = 100 * partial_auc(right, wrong, max(0.01, 1 / len(wrong)), least)
    return measures


@pytest.mark.parametrize("count", [24, 13])
def test_retrieval_equals_the_slow_loops(trained, count):
    task, test = trained
    test = test.head(count)
    found = evaluate(task, test)
    assert found.pop("temperature") == pytest.approx(math.exp(-task.network.logit_scale.item()))
    expected = slow_evaluation(task, test)
    assert found == pytest.approx(expected) and set(found) == set(expected)
    assert found["image to text R@5"] != found["text to image R@5"]


def test_embedded_captions_belong_to_their_images(trained):
    task, test = trained
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    u, v, groups = embed_test(task, test)
    slow_u, slow_v = slow_features(task, test)
    assert groups.tolist() == [image for image, texts in enumerate(test.captions) for _ in texts]
    torch.testing.assert_close(u.double(), torch.stack(slow_u), rtol=0, atol=1e-5)
    torch.testing.assert_close(v.double(), torch.stack([x for texts in slow_v for x in texts]), rtol=0, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in task.network.state_dict().items())


def test_perfect_features_are_all_found(trained, monkeypatch):
    """An encoder that knows the answers: all captions of an image have its own direction."""
    task, test = trained
    rows = torch.eye(24)
    groups = torch.arange(24).repeat_interleave(torch.tensor([len(texts) for texts in test.captions]))
    monkeypatch.setattr(task, "embed_pairs", lambda images, tokens: (rows, rows[groups]))
    found = evaluate(task, test)
    assert {value for name, value in found.items() if "R@" in name} == {100.0}
    assert {value for name, value in found.items() if "rank" in name} == {1.0}
    monkeypatch.setattr(task, "embed_pairs", lambda images, tokens: (rows[:1].expand(24, 24), rows[:1].expand(len(groups), 24)))
    found = evaluate(task, test)  # and one that knows nothing ranks last, not first
    assert {value for name, value in found.items() if "R@" in name} == {0.0}
    assert found["text to image median rank"] == 24


@pytest.mark.parametrize("count", [1, 5, 40])
def test_nearest_images_are_the_first_of_all_sorted(count):
    u, v = (
        torch.nn.functional.normalize(torch.randn(n, 8, generator=torch.Generator().manual_seed(n)), dim=1) for n in (30, 12)
    )
    captions = [7, 0, 11]
    found = nearest_images(u, v, captions, count)
    expected = [sorted(range(30), key=lambda i: -float(u[i].double() @ v[c].double()))[:count] for c in captions]
    assert found.tolist() == expected


@pytest.mark.parametrize("method", ["SC", "SGD"])
def test_in_batch_losses_are_those_of_clip_loss_on_the_chosen_batches(trained, method):
    task, _ = trained
    u, v = task.embed(task.settings.epochs, 0)  # the captions of the epoch after the last
    scale = task.network.logit_scale.exp().detach()
    generator = torch.Generator().manual_seed(derived_seed(task.settings.seed, "histogram"))
    plan = make_selector(method, 160, 16, 1 / scale.item(), task.settings.k).select(u, v, generator)
    expected = [ClipLoss()(u[batch], v[batch], scale).item() for batch in plan]
    found = in_batch_losses(task, (method,))
    assert list(found) == [method] and found[method] == pytest.approx(expected, rel=1e-5)


def test_in_batch_losses_are_comparable(trained):
    """At the network's own temperature, even where hardness is judged at a fixed one; chosen batches are harder."""
    task, _ = trained
    found = in_batch_losses(task)
    assert set(found) == set(HISTOGRAM_METHODS)
    assert mean(found["SwapSearch"]) > mean(found["SGD"])
    other = small_task(method="SGD", images=160, lr=3e-3, temperature=1.0)
    other.network.load_state_dict(task.network.state_dict())
    assert in_batch_losses(other, ("SGD",)) == {"SGD": pytest.approx(found["SGD"])}
