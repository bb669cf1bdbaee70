"""The table of query batches: on planted Dirichlet distributions few classes gain and all lose; its draws and numbers."""

import numpy as np
import pandas as pd
import pytest
import torch

from replication.evaluation import class_probabilities, released_prior_weight
from replication.experiments.neighbours.query_batches import (
    accuracy_by_classes,
    class_means,
    prototypes_of_shots,
    task_accuracies,
)

METHODS = ["zero-shot", "soft", "soft, nearest", "soft, matched", "hard", "hard, nearest", "hard, matched"]


def dirichlet_tasks(present, tasks=10, queries=75, classes=20):
    """Return class probabilities [tasks, n, K] whose largest is right in about a third of the queries, and their classes."""
    generator = np.random.default_rng(present)
    labels = np.stack([generator.choice(generator.permutation(classes)[:present], queries) for _ in range(tasks)])
    z = [[generator.dirichlet(1 + 2 * np.eye(classes)[label]) for label in row] for row in labels]
    return torch.tensor(np.array(z)), torch.tensor(labels)


def blobs(sizes=(30, 20, 25, 40), separation=1.0, seed=0):
    """Return features [N, K] around the axes of space, and their classes."""
    labels = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
    noise = torch.randn(len(labels), len(sizes), generator=torch.Generator().manual_seed(seed))
    return separation * torch.eye(len(sizes))[labels] + 0.5 * noise, labels


def test_few_classes_gain_and_all_classes_lose():
    weight = released_prior_weight(20)
    few, every = (task_accuracies(*dirichlet_tasks(present), weight).mean() for present in (2, 20))
    assert few["soft"] > few["zero-shot"] + 5 and few["hard"] > few["zero-shot"] + 12
    assert every["soft"] < every["zero-shot"] - 12 and every["hard"] < every["zero-shot"] - 2


def test_the_table():
    features, labels = blobs()
    table = accuracy_by_classes(features, torch.eye(4), labels, 1, classes=(2, None), queries=15, tasks=6, temperature=0.3)
    assert table.method.tolist() == 2 * METHODS
    assert table.classes.tolist() == 7 * [2] + 7 * [4] and (table.n == 6).all()
    assert ((table.present <= table.classes) & (table.present > 1.5)).all()
    assert table["mean"].between(30, 100).all() and ((table.low <= table.difference) & (table.difference <= table.high)).all()
    zero_shot = table[table.method == "zero-shot"]
    assert (zero_shot[["difference", "low", "high"]] == 0).all(axis=None)
    np.testing.assert_allclose(table["mean"] - table.difference, zero_shot["mean"].repeat(7))


def test_all_samples_in_one_batch_are_plain_accuracies():
    """Then each task is the whole data, so that zero-shot has no spread and its known value."""
    features, labels = blobs()
    table = accuracy_by_classes(features, torch.eye(4), labels, 1, classes=(None,), queries=len(labels), tasks=2)
    z = class_probabilities(features, torch.eye(4))
    expected = task_accuracies(z[None], labels[None], 1).iloc[0]
    np.testing.assert_allclose(table.set_index("method")["mean"], expected, atol=1e-9)
    np.testing.assert_allclose(table["sd"], 0, atol=1e-9)
    assert expected["zero-shot"] == pytest.approx(100 * float((features.argmax(dim=1) == labels).double().mean()))


def test_the_same_seed_gives_the_same_rows_whatever_the_others_are():
    features, labels = blobs()

    def rows(classes, seed):
        table = accuracy_by_classes(features, torch.eye(4), labels, 1, classes=classes, queries=9, tasks=2, seed=seed)
        return table[table.classes == 3].reset_index(drop=True)

    pd.testing.assert_frame_equal(rows((3,), 0), rows((2, 3, None), 0))
    assert not rows((3,), 0).equals(rows((3,), 1))


def test_one_class_in_the_batch_is_one_class():
    features, labels = blobs()
    table = accuracy_by_classes(features, torch.eye(4), labels, 1, classes=(1,), queries=20, tasks=4)
    assert (table.present == 1).all()


def test_prototypes_are_means_of_shots_and_the_rest_is_the_rest():
    features, labels = blobs()
    prototypes, rest = prototypes_of_shots(features, labels, 3, seed=1)
    again, _ = prototypes_of_shots(5 * features, labels, 3, seed=1)
    torch.testing.assert_close(again, prototypes)  # directions, so sizes do not count
    shots = np.setdiff1d(np.arange(len(labels)), rest)
    assert np.bincount(labels[shots]).tolist() == [3, 3, 3, 3] and len(rest) == len(labels) - 12
    units = features[shots] / features[shots].norm(dim=1, keepdim=True)
    torch.testing.assert_close(prototypes, torch.stack([units[labels[shots] == k].mean(dim=0) for k in range(4)]))
    assert not torch.equal(prototypes_of_shots(features, labels, 3, seed=2)[1], rest)


def test_wrong_inputs_raise_one_clear_line():
    features, labels = blobs()

    def table(prior_weight=1, prototypes=None, labels=labels, **given):
        return accuracy_by_classes(features, torch.eye(4) if prototypes is None else prototypes, labels, prior_weight, **given)

    cases = [
        (ValueError, "queries=0 must be >= 1", lambda: table(queries=0)),
        (ValueError, "tasks=1 must be >= 2", lambda: table(tasks=1)),
        (ValueError, "prior_weight=-1 must be a finite number >= 0", lambda: table(-1)),
        (ValueError, "queries=75 must be <= 45, the number of samples of the 2 smallest classes", lambda: table(classes=(2,))),
        (ValueError, r"classes=5 must be >= 1 and <= 4 \(classes with samples\)", lambda: table(classes=(5,))),
        (ValueError, "labels holds 3; each must be >= 0 and < K=3", lambda: table(prototypes=torch.eye(4)[:3])),
        (ValueError, r"labels has shape \[114\]; it must be \[115\]", lambda: table(labels=labels[1:])),
        (
            ValueError,
            "shots=20 must be < 20, the number of samples of class 1",
            lambda: prototypes_of_shots(features, labels, 20, 0),
        ),
        (ValueError, "labels holds -1; each must be >= 0", lambda: prototypes_of_shots(features, labels - 1, 2, 0)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)


def test_labelled_images_tell_which_cluster_is_which_class():
    """With permuted prototypes zero-shot is wrong; labelled images put the names right, but the hard form keeps its start."""
    features, labels = blobs(separation=2.0)
    wrong = torch.eye(4)[[1, 0, 3, 2]]
    given = {"supports": features[::5], "support_labels": labels[::5]}
    table = accuracy_by_classes(features, wrong, labels, 1, classes=(3,), queries=30, tasks=3, temperature=0.2, **given)
    means = table.set_index("method")["mean"]
    assert table.method.tolist() == [*METHODS, "few-shot", "few-shot, soft", "few-shot, hard"]
    assert (means[["zero-shot", "soft"]] < 10).all() and (means[["few-shot", "few-shot, soft"]] > 85).all()


def test_class_means():
    features, labels = blobs()
    units = features / features.norm(dim=1, keepdim=True)
    torch.testing.assert_close(
        class_means(features, labels, 4), torch.stack([units[labels == k].mean(dim=0) for k in range(4)])
    )
    with pytest.raises(ValueError, match="support_labels holds no sample of class 4; each of the K=5 classes needs one"):
        class_means(features, labels, 5)
