"""Accuracy of a nearest-neighbour classifier on frozen embeddings."""

import torch
from torch import Tensor

from replication.directions import directions
from replication.evaluation.inputs import check_dimensions, checked_embeddings, checked_labels
from replication.torch_settings import plain_tensors
from replication.validation import check_count, check_positive


@plain_tensors()
def knn_accuracy(
    train: Tensor,
    train_labels: Tensor,
    test: Tensor,
    test_labels: Tensor,
    k: int = 200,
    temperature: float = 0.1,
    *,
    weighted: bool = True,
    max_elements: int = 2**25,
) -> float:
    """Return the share of test samples, in %, that the k nearest training samples by cosine classify rightly.

    Wu et al. 2018, section 3.4: neighbour i of cosine s_i votes for its class with weight exp(s_i/temperature).

    Args:
        train, test: embeddings [N, d] and [M, d], of any norm.
        train_labels, test_labels: integers [N] and [M].
        k: number of neighbours; at most N of them are used.
        temperature: > 0, of the weights.
        weighted: False gives every neighbour one vote.
        max_elements: the cosines are computed in blocks of about this many.

    A draw of votes goes to the smallest label.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, or values that are not finite.
    """
    check_count("k", k, 1)
    check_positive("temperature", temperature)
    train, test = checked_embeddings("train", train), checked_embeddings("test", test, "[M, d]")
    check_dimensions("train", train, "test", test)
    train_labels = checked_labels("train_labels", train_labels, len(train), train.device)
    test_labels = checked_labels("test_labels", test_labels, len(test), train.device)
    train, test = directions(train, dim=1), directions(test, dim=1)
    classes, members = train_labels.unique(return_inverse=True)
    rows = max(1, max_elements // len(train))
    hits = 0
    for block, truth in zip(test.split(rows), test_labels.split(rows), strict=True):
        cosines, nearest = (block @ train.T).topk(min(k, len(train)), dim=1)
        # Weights relative to the nearest neighbour: the same vote, and small temperatures do not overflow.
        votes = ((cosines - cosines[:, :1]) / temperature).exp() if weighted else torch.ones_like(cosines)
        scores = votes.new_zeros(len(block), len(classes)).scatter_add_(1, members[nearest], votes)
        hits += int((classes[scores.argmax(dim=1)] == truth).sum())
    return 100 * hits / len(test)
