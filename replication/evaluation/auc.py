"""Areas under the ROC curve: of several classes, and of the part of the curve that matters for retrieval."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score, roc_curve
from torch import Tensor

from replication.directions import directions, moderate
from replication.evaluation.inputs import check_dimensions, checked_embeddings, checked_groups, checked_labels
from replication.torch_settings import plain_tensors
from replication.validation import check_not_negative, check_positive

COSINE_STEPS = 2**16  # a hundred times the rounding of float32


@plain_tensors()
def multiclass_auc(scores: Tensor, labels: Tensor) -> float:
    """Return the multiclass AUC of Hand & Till (2001), 0 to 1: the mean over ordered pairs of classes i, j of the probability
    that a sample of class i has a larger score of class i than one of class j; equal scores count half.

    It does not depend on the sizes of the classes. It equals scikit-learn's `roc_auc_score(..., multi_class="ovo",
    average="macro")`, which takes only scores whose rows sum to 1.

    Args:
        scores: [n, C], C >= 2; larger is more likely.
        labels: integers in 0..C-1, [n]; every class occurs.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, values that are not finite, or a class without a sample.
    """
    scores = checked_embeddings("scores", scores, "[n, C]")
    if scores.shape[1] < 2:
        raise ValueError(f"scores has shape {list(scores.shape)}; it must be [n, C] with C >= 2 classes")
    labels, classes = checked_labels("labels", labels, len(scores), scores.device), scores.shape[1]
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        row = int(outside.nonzero()[0])
        raise ValueError(f"labels[{row}]={int(labels[row])} must lie in 0..{classes - 1}, the columns of scores")
    counts = labels.bincount(minlength=classes)
    if (counts == 0).any():
        absent = int((counts == 0).nonzero()[0])
        raise ValueError(f"labels holds no sample of class {absent}; each of the {classes} columns of scores needs one")
    scores, labels, weights = (x.cpu().numpy() for x in (scores, labels, 1 / counts.double()[labels]))
    # Against all others, each of which counts by the size of its class: the mean over the other classes.
    return float(np.mean([roc_auc_score(labels == i, scores[:, i], sample_weight=weights) for i in range(classes)]))


@plain_tensors()
def partial_auc(positive: Tensor, negative: Tensor, max_fpr: float = 0.1, min_tpr: float = 0.0) -> float:
    """Return the area of the ROC curve left of `max_fpr` and above `min_tpr`, as a share of that rectangle: 0 to 1.

    One-way (`min_tpr` = 0) it is the probability that a positive has a larger score than one of the top `max_fpr` of the
    negatives; scikit-learn's `roc_auc_score(..., max_fpr=b)` returns another scale of it, s, where the area is
    b/2 + (2s - 1)(1 - b/2). Two-way, only the bottom 1 - `min_tpr` of the positives count. Where these are no whole numbers of
    samples, or where scores are equal, the curve is interpolated as there; equal scores of both kinds count half.

    Args:
        positive, negative: scores [P] and [M]; larger is more likely.
        max_fpr: largest false-positive rate, > 0 and <= 1; of the M negatives it must be at least one.
        min_tpr: smallest true-positive rate, >= 0 and < 1; its rest must be at least one of the P positives.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, or values that are not finite.
    """
    positive, negative = checked_embeddings("positive", positive, "[P]"), checked_embeddings("negative", negative, "[M]")
    check_positive("max_fpr", max_fpr)
    check_not_negative("min_tpr", min_tpr, below=1)
    if max_fpr > 1:
        raise ValueError(f"max_fpr={max_fpr} must be <= 1, all negatives")
    wanted = max_fpr * len(negative)
    if wanted < 1 - 1e-9:  # 0.1 * 10 may be a little below 1
        raise ValueError(f"max_fpr={max_fpr} of {len(negative)} negatives is less than one; it must be >= 1/{len(negative)}")
    if (1 - min_tpr) * len(positive) < 1 - 1e-9:
        few = f"the rest of {len(positive)} positives is less than one; it must be <= 1 - 1/{len(positive)}"
        raise ValueError(f"min_tpr={min_tpr}: {few}")
    # Negatives to the right of the limit matter only by their number; all that tie with the last one inside are kept.
    reached = negative.kthvalue(max(1, len(negative) - int(wanted))).values
    kept = negative[negative >= reached]
    truth = np.concatenate([np.ones(len(positive), bool), np.zeros(len(kept), bool)])
    fpr, tpr, _ = roc_curve(truth, torch.cat([positive, kept]).cpu().numpy(), drop_intermediate=False)
    fpr = fpr * len(kept) / len(negative)
    stop = np.searchsorted(fpr, max_fpr, side="right")  # the first point beyond the limit
    if stop < len(fpr):
        tpr = np.append(tpr[:stop], np.interp(max_fpr, fpr[stop - 1 : stop + 1], tpr[stop - 1 : stop + 1]))
        fpr = np.append(fpr[:stop], max_fpr)
    start = np.searchsorted(tpr, min_tpr, side="left")  # the first point that is high enough
    if start == len(tpr):
        return 0.0
    if start:
        before = np.interp(min_tpr, tpr[start - 1 : start + 1], fpr[start - 1 : start + 1])
        fpr, tpr = np.insert(fpr[start:], 0, before), np.insert(tpr[start:], 0, min_tpr)
    return float(np.trapezoid(tpr - min_tpr, fpr) / (max_fpr * (1 - min_tpr)))


@plain_tensors()
def retrieval_partial_auc(
    queries: Tensor,
    gallery: Tensor,
    query_groups: Tensor | None = None,
    gallery_groups: Tensor | None = None,
    *,
    max_fpr: float = 0.1,
    min_tpr: float = 0.0,
    normalize: bool = True,
) -> float:
    """Return `partial_auc` of all pairs of a query and an item: right answers are the positives, all others the negatives.

    While recall at k looks at each query alone, this compares pairs across queries, as one threshold for all of them does. It
    is the same if queries and gallery change places. All N M scores are in memory at once. Cosines are compared to about five
    decimals, so that equal captions tie whatever their rounding.

    Args:
        queries: [N, d].
        gallery: [M, d].
        query_groups, gallery_groups, normalize: as in `retrieval`.
        max_fpr, min_tpr: as in `partial_auc`.

    Raises:
        TypeError, ValueError: as `retrieval` and `partial_auc`; or no pair is a wrong one.
    """
    return partial_auc(*_pair_scores(queries, gallery, query_groups, gallery_groups, normalize), max_fpr, min_tpr)


def _pair_scores(queries, gallery, query_groups, gallery_groups, normalize: bool = True) -> tuple[Tensor, Tensor]:
    """Return the scores of all right pairs and of all wrong ones of a retrieval, after its checks."""
    queries, gallery = checked_embeddings("queries", queries), checked_embeddings("gallery", gallery, "[M, d]")
    check_dimensions("queries", queries, "gallery", gallery)
    query_groups, gallery_groups = checked_groups(query_groups, gallery_groups, queries, gallery)
    right = query_groups.unsqueeze(1) == gallery_groups
    if right.all():
        raise ValueError(f"query_groups and gallery_groups hold only the group {int(query_groups[0])}: no wrong answer")
    if normalize:
        scores = (directions(queries, dim=1) @ directions(gallery, dim=1).T * COSINE_STEPS).round()
    else:  # one factor for all leaves the order of the scores as it is
        scores = moderate(queries, dim=(0, 1)) @ moderate(gallery, dim=(0, 1)).T
    return scores[right], scores[~right]


STRICT = 0.01  # the share of false matches that `strict_areas` allows


@plain_tensors()
def strict_areas(
    queries: Tensor, gallery: Tensor, query_groups: Tensor | None = None, gallery_groups: Tensor | None = None
) -> dict[str, float]:
    """Return "partial AUC" and "two-way partial AUC" of a retrieval in %, as columns of tables.

    Both are `retrieval_partial_auc` up to a false-positive rate of 1 %, or of one wrong pair where there are fewer than 100.
    Two-way, only the half of the right pairs with the lowest scores counts.

    Args, raises: as `retrieval_partial_auc`.
    """
    positive, negative = _pair_scores(queries, gallery, query_groups, gallery_groups)
    share = max(STRICT, 1 / len(negative))
    ways = {"partial AUC": 0.0, "two-way partial AUC": 0.5}
    return {name: 100 * partial_auc(positive, negative, share, least) for name, least in ways.items()}
