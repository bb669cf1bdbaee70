"""Accuracy of a linear classifier on frozen features."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from replication.evaluation.inputs import check_dimensions, checked_embeddings, checked_labels
from replication.validation import check_count, check_positive


def linear_probe_accuracy(
    train: Tensor,
    train_labels: Tensor,
    test: Tensor,
    test_labels: Tensor,
    penalty: float = 1e-3,
    max_iterations: int = 1000,
) -> float:
    """Return the share of test samples, in %, that multinomial logistic regression classifies rightly.

    The features are standardised with the mean and deviation of the training samples. The fit is scikit-learn's L-BFGS, which
    draws nothing at random, on the CPU.

    Args:
        train, test: frozen features [N, d] and [M, d].
        train_labels, test_labels: integers [N] and [M]; at least two different ones in training.
        penalty: > 0; the fit minimises the *mean* cross-entropy + penalty/2 |W|^2, so it means the same for any N.
        max_iterations: of L-BFGS; scikit-learn warns if they do not suffice.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, values that are not finite, or a single class in training.
    """
    check_positive("penalty", penalty)
    check_count("max_iterations", max_iterations, 1)
    train, test = checked_embeddings("train", train), checked_embeddings("test", test, "[M, d]")
    check_dimensions("train", train, "test", test)
    train_labels = checked_labels("train_labels", train_labels, len(train), train.device)
    test_labels = checked_labels("test_labels", test_labels, len(test), test.device)
    if len(train_labels.unique()) < 2:
        raise ValueError(f"train_labels holds only the class {int(train_labels[0])}; a classifier needs at least two")
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=1 / (penalty * len(train)), max_iter=max_iterations))
    probe.fit(train.cpu().numpy(), train_labels.cpu().numpy())
    return 100 * float(probe.score(test.cpu().numpy(), test_labels.cpu().numpy()))
