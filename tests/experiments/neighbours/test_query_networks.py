"""Networks of each selector on batches of queries, at sizes that cost nothing."""

import dataclasses

import pytest
import torch

from replication.experiments.neighbours import in_words
from replication.experiments.neighbours.query_networks import (
    FIRST_SEED,
    SELECTORS,
    QuerySetting,
    checksums_of,
    labelled_images,
    noisy,
    query_table,
)
from replication.experiments.neighbours.summaries import over_seeds
from replication.features import PairFeatures
from replication.features.sources import load_splits
from replication.heads import HeadSettings, StackedHeads

SETTING = QuerySetting("digits", 0, 0.5, 1, (2, 0), 10, 2, 3, 2.0)


@pytest.fixture(scope="module")
def table():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replication.experiments.neighbours.query_networks.cores", lambda: 1)
        yield query_table(SETTING, seeds=1)


def test_the_table(table):
    assert list(dict.fromkeys(table.selector)) == list(SELECTORS) and set(table.seed) == {FIRST_SEED}
    assert set(table.classes) == {2, 10} and table.accuracy.between(0, 100).all()
    assert {"zero-shot", "soft", "hard", "few-shot", "few-shot, soft", "few-shot, hard"} <= set(table.method)
    assert not table.duplicated(["seed", "selector", "classes", "method"]).any()
    zero_shot = table[table.method == "zero-shot"].accuracy
    assert zero_shot.mean() > 25, "prompts tell the ten classes better than chance, after one epoch"


def test_in_words(table):
    text = in_words.queries_in_words(over_seeds(table, ["selector", "classes", "method"], ["accuracy"], ["present"]))
    assert text.startswith("**2 classes in a batch (n=1 networks") and "few-shot, hard" in text and "nearest" not in text


def test_labelled_images_are_of_every_class_and_differ_by_seed():
    train = load_splits("digits")[0]
    heads = StackedHeads.random(HeadSettings(hidden=8, out=4), train.left.shape[-1], train.right.shape[-1], [0])
    drawn = [labelled_images(SETTING, heads, train, seed) for seed in (0, 1)]
    for given in drawn:
        assert torch.bincount(given["support_labels"]).tolist() == [3] * 10 and given["supports"].shape == (30, 4)
    assert not torch.equal(drawn[0]["supports"], drawn[1]["supports"])
    none = dataclasses.replace(SETTING, noise=0.0)
    assert not torch.equal(labelled_images(none, heads, train, 0)["supports"], drawn[0]["supports"])


def test_noise():
    rows = torch.zeros(500, 20)
    assert float(noisy(rows, 0.5, 3).std()) == pytest.approx(0.5, abs=0.02)
    assert torch.equal(noisy(rows, 0.5, 3), noisy(rows, 0.5, 3)) and torch.equal(noisy(rows, 0.0, 3), rows)


def test_digits_have_no_checksum():
    assert checksums_of("digits") == {}


def test_without_prompts_labelled_test_images_stand_for_the_classes(monkeypatch):
    """As for CIFAR-100; five planted classes in two views."""

    def planted(source, split, towers, items):
        count = items if split == "train" else 100
        generator = torch.Generator().manual_seed(["train", "val", "test"].index(split))
        labels = torch.arange(count) % 5
        left, right = (3 * torch.eye(8)[labels] + torch.randn(count, 8, generator=generator) for _ in range(2))
        return PairFeatures(source, split, left[None], right, torch.ones(count, dtype=torch.int64), labels)

    monkeypatch.setattr("replication.experiments.neighbours.query_networks.load_features", planted)
    monkeypatch.setattr("replication.experiments.neighbours.query_networks.cores", lambda: 1)
    found = query_table(QuerySetting("cifar100 views", 128, 0.0, 2, (2, 0), 20, 2, 4, 1.0), seeds=1)
    assert set(found.classes) == {2, 5} and {"zero-shot", "few-shot, soft"} <= set(found.method)
    means = found.groupby("method").accuracy.mean()
    assert means["zero-shot"] > 60 and means["zero-shot"] == means["few-shot"], "the prototypes are the labelled images"
