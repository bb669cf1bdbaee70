"""The linear probe against its own optimality conditions, and on data of known separability."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from replication.evaluation import linear_probe_accuracy, linear_probe_auc
from replication.evaluation.linear_probe import PROBE_LOSSES, _fit
from replication.losses import multiclass_auc_loss


def blobs(n, separation, seed=0, classes=3):
    """Return n points around corners of a cube, with features of very different scale, and their classes."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (n,), generator=generator)
    points = separation * torch.eye(classes)[labels] + torch.randn(n, classes, generator=generator)
    return points * torch.tensor([1.0, 1e3, 1e-3]) + 5, labels


def slow_accuracy(train, train_labels, test, test_labels, penalty):
    """Minimise the mean cross-entropy + penalty/2 |W|^2 on standardised features with another solver, in float64."""
    x, y = train.double().numpy(), train_labels.numpy()
    mean, sd, classes = x.mean(0), x.std(0), y.max() + 1

    def split(parameters):
        return parameters[: x.shape[1] * classes].reshape(x.shape[1], classes), parameters[x.shape[1] * classes :]

    def objective(parameters):
        weights, bias = split(parameters)
        logp = log_softmax((x - mean) / sd @ weights + bias, axis=1)
        return -logp[np.arange(len(y)), y].mean() + penalty / 2 * (weights**2).sum()

    weights, bias = split(minimize(objective, np.zeros((x.shape[1] + 1) * classes), method="BFGS").x)
    return 100 * np.mean(((test.double().numpy() - mean) / sd @ weights + bias).argmax(1) == test_labels.numpy())


@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_equals_another_solver(penalty):
    train, test = blobs(120, 1.5), blobs(150, 1.5, seed=1)
    assert linear_probe_accuracy(*train, *test, penalty=penalty) == pytest.approx(
        slow_accuracy(*train, *test, penalty), abs=0.7
    )


def test_separable_classes_and_no_signal():
    assert linear_probe_accuracy(*blobs(200, 12), *blobs(200, 12, seed=1)) == 100
    assert linear_probe_accuracy(*blobs(2000, 0), *blobs(2000, 0, seed=1)) == pytest.approx(100 / 3, abs=5)


def test_the_penalty_means_the_same_for_any_number_of_samples():
    """A data set repeated is the same problem."""
    train, test = blobs(60, 1), blobs(300, 1, seed=1)
    once = linear_probe_accuracy(*train, *test, penalty=0.1)
    assert linear_probe_accuracy(train[0].repeat(5, 1), train[1].repeat(5), *test, penalty=0.1) == pytest.approx(once, abs=0.7)


def test_digits():
    data = load_digits()
    pixels, labels = torch.tensor(data.data, dtype=torch.float32), torch.tensor(data.target)
    assert linear_probe_accuracy(pixels[:1200], labels[:1200], pixels[1200:], labels[1200:]) > 88


def test_iterations_that_do_not_suffice_are_told():
    with pytest.warns(RuntimeWarning, match="stopped at a gradient of"):
        linear_probe_accuracy(*blobs(100, 2), *blobs(100, 2), penalty=1e-4, max_iterations=2)


def test_labels_are_names_and_unknown_ones_are_misses():
    x = 9 * torch.eye(3).repeat(4, 1)
    labels = torch.tensor([-5, 70, 3]).repeat(4)
    assert linear_probe_accuracy(x, labels, x, labels) == 100
    assert linear_probe_accuracy(x, labels, x[:3], torch.tensor([-5, 70, 0])) == pytest.approx(200 / 3)


def test_works_inside_no_grad():
    with torch.no_grad():
        assert linear_probe_accuracy(*blobs(50, 12), *blobs(50, 12)) == 100


def test_constant_features_give_the_largest_class():
    labels = torch.tensor([0, 1, 1, 1])
    assert linear_probe_accuracy(torch.ones(4, 2), labels, torch.ones(4, 2), labels) == 75


def test_wrong_inputs_raise_one_clear_line():
    x, labels = torch.eye(4), torch.arange(4)
    cases = [
        (ValueError, "penalty=0 must be", lambda: linear_probe_accuracy(x, labels, x, labels, penalty=0)),
        (ValueError, "max_iterations=0 must be >= 1", lambda: linear_probe_accuracy(x, labels, x, labels, max_iterations=0)),
        (ValueError, "train_labels holds only the class 0", lambda: linear_probe_accuracy(x, 0 * labels, x, labels)),
        (TypeError, "test is list", lambda: linear_probe_accuracy(x, labels, [x], labels)),
        (ValueError, r"test_labels has shape \[3\]; it must be \[4\]", lambda: linear_probe_accuracy(x, labels, x, labels[:3])),
        (ValueError, "test has 16 of 16 values", lambda: linear_probe_accuracy(x, labels, x * torch.inf, labels)),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)


def imbalanced_digits():
    """Return digits with class sizes from 100 down to 4 in training, and a balanced test set."""
    data = load_digits()
    x, y = torch.tensor(data.data, dtype=torch.float32), torch.tensor(data.target)
    kept = torch.cat([(y[:1200] == c).nonzero().flatten()[: 100 // (1 + c) ** 2 + 3] for c in range(10)])
    return x[kept], y[kept], x[1200:], y[1200:]


def slow_probabilities(train, train_labels, test):
    """Return the class probabilities of scikit-learn's logistic regression of the same objective, penalty 0.01."""
    deviation = train.std(dim=0, correction=0)
    train, test = (((x - train.mean(dim=0)) / deviation.clamp(min=1e-9)).double().numpy() for x in (train, test))
    fit = LogisticRegression(C=1 / (0.01 * len(train)), max_iter=2000, tol=1e-8).fit(train, train_labels.numpy())
    return fit.predict_proba(test)


def test_its_auc_is_that_of_another_solvers_probabilities():
    train, test = blobs(120, 1.5), blobs(150, 1.5, seed=1)
    expected = roc_auc_score(test[1].numpy(), slow_probabilities(*train, test[0]), multi_class="ovo", average="macro")
    assert linear_probe_auc(*train, *test) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("loss", PROBE_LOSSES[1:])
def test_a_probe_may_be_fitted_to_the_multiclass_auc(loss):
    """It has less of that loss than the usual fit, and on digits with rare classes about the same area on others."""
    train, labels, *test = imbalanced_digits()
    assert linear_probe_auc(train, labels, *test, loss=loss) == pytest.approx(linear_probe_auc(train, labels, *test), abs=0.01)
    values = []
    for kind in (loss, "cross-entropy"):
        weights, bias = _fit(train / 16, labels, 10, 1e-3, 1000, kind)
        value = multiclass_auc_loss((train / 16 @ weights + bias).softmax(dim=1), labels, loss.removeprefix("mauc-"))
        values.append(float(value + 0.5e-3 * weights.square().sum()))
    assert values[0] < 0.99 * values[1]


def test_wrong_inputs_of_the_auc_raise_one_clear_line():
    x, labels = torch.eye(4), torch.tensor([5, 5, 7, 7])
    cases = [
        (ValueError, "loss='hinge' must be one of 'cross-entropy', 'mauc-square'", labels, {"loss": "hinge"}),
        (ValueError, r"test_labels\[3\]=6 must be one of the classes in train_labels", torch.tensor([5, 5, 7, 6]), {}),
        (ValueError, "test_labels holds no sample of class 7", torch.tensor([5, 5, 5, 5]), {}),
    ]
    for kind, message, test_labels, options in cases:
        with pytest.raises(kind, match=f"^{message}"):
            linear_probe_auc(x, labels, x, test_labels, **options)
