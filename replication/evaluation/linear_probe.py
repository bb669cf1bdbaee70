"""Accuracy and multiclass AUC of a linear classifier on frozen features."""

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor

from replication.evaluation.auc import multiclass_auc
from replication.evaluation.inputs import check_dimensions, checked_embeddings, checked_labels
from replication.losses.multiclass_auc import SURROGATES, multiclass_auc_loss
from replication.torch_settings import plain_tensors
from replication.validation import check_choice, check_count, check_positive

PROBE_LOSSES = ("cross-entropy", *(f"mauc-{surrogate}" for surrogate in SURROGATES))


@plain_tensors()
def linear_probe_accuracy(
    train: Tensor,
    train_labels: Tensor,
    test: Tensor,
    test_labels: Tensor,
    penalty: float = 1e-2,
    max_iterations: int = 1000,
) -> float:
    """Return the share of test samples, in %, that multinomial logistic regression classifies rightly.

    The features are standardised with the mean and deviation of the training samples. The fit is PyTorch's L-BFGS on the device
    of `train`: it draws nothing at random, and at 50,000 x 512 features and 100 classes it takes less than half of
    scikit-learn's time on a CPU, for the same accuracy.

    Args:
        train, test: frozen features [N, d] and [M, d].
        train_labels, test_labels: integers [N] and [M]; at least two different ones in training.
        penalty: > 0; the fit minimises the *mean* cross-entropy + penalty/2 |W|^2, so it means the same for any N.
        max_iterations: of L-BFGS; a warning tells where they do not suffice.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, values that are not finite, or a single class in training.
    """
    classes, logits, test_labels = _probe(train, train_labels, test, test_labels, penalty, max_iterations, "cross-entropy")
    return 100 * float((classes[logits.argmax(dim=1)] == test_labels).double().mean())


@plain_tensors()
def linear_probe_auc(
    train: Tensor,
    train_labels: Tensor,
    test: Tensor,
    test_labels: Tensor,
    penalty: float = 1e-2,
    max_iterations: int = 1000,
    loss: str = "cross-entropy",
) -> float:
    """Return the multiclass AUC, 0 to 1, of the test samples under the class probabilities of a linear probe.

    Unlike accuracy it weighs rare classes as frequent ones; see `multiclass_auc`. The fit is that of `linear_probe_accuracy`,
    with a loss that may do so too: "mauc-square", "mauc-exp" and "mauc-hinge" are `multiclass_auc_loss` of the class
    probabilities, alpha = 1. They are not convex, so a start from zero leads to *a* minimum.

    Args:
        train, train_labels, test, test_labels, penalty, max_iterations: as in `linear_probe_accuracy`.
        loss: one of `PROBE_LOSSES`, which the fit minimises together with the penalty.

    Raises:
        TypeError, ValueError: as `linear_probe_accuracy`; an unknown loss; test samples of other classes than the training
            samples, or of fewer.
    """
    check_choice("loss", loss, PROBE_LOSSES)
    classes, logits, test_labels = _probe(train, train_labels, test, test_labels, penalty, max_iterations, loss)
    unknown = ~torch.isin(test_labels, classes)
    if unknown.any():
        row = int(unknown.nonzero()[0])
        raise ValueError(f"test_labels[{row}]={int(test_labels[row])} must be one of the classes in train_labels")
    absent = classes[~torch.isin(classes, test_labels)]
    if len(absent):
        raise ValueError(f"test_labels holds no sample of class {int(absent[0])}; each class in train_labels needs one")
    return multiclass_auc(logits.double().softmax(dim=1), torch.searchsorted(classes, test_labels))


def _probe(
    train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor, penalty: float, max_iterations: int, loss: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the classes [C], ascending, the logits of the test samples [M, C], and their checked labels [M]."""
    check_positive("penalty", penalty)
    check_count("max_iterations", max_iterations, 1)
    train, test = checked_embeddings("train", train), checked_embeddings("test", test, "[M, d]").to(train.device)
    check_dimensions("train", train, "test", test)
    train_labels = checked_labels("train_labels", train_labels, len(train), train.device)
    test_labels = checked_labels("test_labels", test_labels, len(test), train.device)
    classes, members = train_labels.unique(return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"train_labels holds only the class {int(classes[0])}; a classifier needs at least two")
    train, test = _standardised(train, test)
    weights, bias = _fit(train, members, len(classes), penalty, max_iterations, loss)
    return classes, test @ weights + bias, test_labels


def _standardised(train: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    """Return both with the mean and deviation of `train` taken out; features that are constant there become zero."""
    deviation, mean = torch.std_mean(train.double(), dim=0, correction=0)
    constant = deviation <= torch.finfo(train.dtype).eps * mean.abs()
    scale = torch.where(constant, 0, 1 / deviation)
    return tuple(((x.double() - mean) * scale).to(x.dtype) for x in (train, test))


@torch.enable_grad()
def _fit(x: Tensor, labels: Tensor, classes: int, penalty: float, max_iterations: int, kind: str) -> tuple[Tensor, Tensor]:
    weights = x.new_zeros(x.shape[1], classes, requires_grad=True)
    bias = x.new_zeros(classes, requires_grad=True)
    tolerance = 1e-4  # scikit-learn's too: the largest entry of the gradient
    solver = torch.optim.LBFGS(
        [weights, bias],
        max_iter=max_iterations,
        max_eval=2 * max_iterations,
        tolerance_grad=tolerance,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        """Return the penalised loss, 0-d, and leave its gradient in `weights` and `bias`."""
        solver.zero_grad()
        logits = x @ weights + bias
        if kind == "cross-entropy":
            value = F.cross_entropy(logits, labels)
        else:
            value = multiclass_auc_loss(logits.softmax(dim=1), labels, kind.removeprefix("mauc-"))
        value = value + 0.5 * penalty * weights.square().sum()
        value.backward()
        return value

    solver.step(loss)
    loss()
    largest = float(max(weights.grad.abs().max(), bias.grad.abs().max()))
    if largest > tolerance:
        warnings.warn(f"the linear probe stopped at a gradient of {largest:.2g} > {tolerance:g}", RuntimeWarning, stacklevel=4)
    return weights.detach(), bias.detach()
