"""The nearest-neighbour classifier against scikit-learn's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from replication.evaluation import knn_accuracy


def sklearn_accuracy(train, train_labels, test, test_labels, k, temperature, weighted):
    """scikit-learn hands over cosine distances 1 - s; a constant factor on all weights changes no vote."""
    weights = (lambda distances: np.exp(-distances / temperature)) if weighted else "uniform"
    model = KNeighborsClassifier(k, metric="cosine", algorithm="brute", weights=weights)
    return 100 * model.fit(train.numpy(), train_labels.numpy()).score(test.numpy(), test_labels.numpy())


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.sampled_from([0.05, 0.3]), st.booleans(), st.integers(1, 300), st.integers(0, 10**6))
def test_equals_scikit_learn(k, temperature, weighted, max_elements, seed):
    generator = torch.Generator().manual_seed(seed)
    train, test = (torch.randn(n, 3, dtype=torch.float64, generator=generator) for n in (30, 20))
    labels = [torch.randint(4, (n,), generator=generator) * 7 - 3 for n in (30, 20)]
    arguments = (train, labels[0], test, labels[1], k, temperature)
    found = knn_accuracy(*arguments, weighted=weighted, max_elements=max_elements)
    assert found == pytest.approx(sklearn_accuracy(*arguments, weighted))


def test_digits():
    data = load_digits()
    pixels, labels = torch.tensor(data.data, dtype=torch.float32), torch.tensor(data.target)
    split = pixels[:1000], labels[:1000], pixels[1000:], labels[1000:]
    found = knn_accuracy(*split, k=20)
    assert found > 90 and found == pytest.approx(sklearn_accuracy(*split, 20, 0.1, True), abs=0.2)
    shuffled = labels[:1000][torch.randperm(1000, generator=torch.Generator().manual_seed(0))]
    assert knn_accuracy(pixels[:1000], shuffled, *split[2:], k=20) < 25


def test_weights_outvote_numbers():
    """One neighbour at hand against two of another class further off: weights and plain votes disagree."""
    angles = torch.tensor([0.0, 1.2, -1.2], dtype=torch.float64)
    train = torch.stack([angles.cos(), angles.sin()], dim=1)
    labels, query, truth = torch.tensor([1, 0, 0]), torch.tensor([[1.0, 0.1]], dtype=torch.float64), torch.tensor([1])
    assert knn_accuracy(train, labels, query, truth, k=3) == 100
    assert knn_accuracy(train, labels, query, truth, k=3, weighted=False) == 0
    assert knn_accuracy(train, labels, query, truth, k=3, temperature=100) == 0


def test_k_is_clipped_and_small_temperatures_do_not_overflow():
    train = torch.eye(3) + 0.1
    labels = torch.tensor([5, -2, 9])
    assert knn_accuracy(train, labels, train, labels, k=10**6, temperature=1e-4) == 100


def test_classes_that_training_lacks_are_misses():
    x = torch.eye(4)
    assert knn_accuracy(x, torch.tensor([0, 1, 2, 3]), x, torch.tensor([0, 1, 8, 9]), k=1) == 50


def test_collapsed_embeddings_score_one_class():
    x, labels = torch.ones(40, 3), torch.arange(40) % 4
    assert knn_accuracy(x, labels, x, labels, k=40) == 25


def test_wrong_inputs_raise_one_clear_line():
    x, labels = torch.eye(4), torch.arange(4)
    cases = [
        (ValueError, "k=0 must be >= 1", lambda: knn_accuracy(x, labels, x, labels, k=0)),
        (ValueError, "temperature=0 must be", lambda: knn_accuracy(x, labels, x, labels, temperature=0)),
        (ValueError, "train has 16 of 16 values", lambda: knn_accuracy(x * torch.nan, labels, x, labels)),
        (TypeError, "test_labels is torch.float32", lambda: knn_accuracy(x, labels, x, labels.float())),
        (ValueError, r"train_labels has shape \[3\]; it must be \[4\]", lambda: knn_accuracy(x, labels[:3], x, labels)),
        (ValueError, "test has d=3; it must equal d=4 of train", lambda: knn_accuracy(x, labels, x[:, :3], labels)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)
