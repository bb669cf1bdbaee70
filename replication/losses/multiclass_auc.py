"""Surrogates of the multiclass AUC, in time linear (hinge: n log n) in the samples and not in their pairs."""

import torch
from torch import LongTensor, Tensor

from replication.torch_settings import full_precision
from replication.validation import HALF_PRECISION, check_choice, check_positive, has_values

SURROGATES = ("square", "exp", "hinge")


@full_precision()
def multiclass_auc_loss(scores: Tensor, labels: LongTensor, surrogate: str = "square", alpha: float = 1.0) -> Tensor:
    """Return a surrogate of 1 - multiclass AUC (Hand & Till's M), which does not depend on the sizes of the classes.

        1 / (C (C - 1))  sum over i and j != i  of the mean of l( f_i(x) - f_i(x') ) over x of class i and x' of class j,

    where f_i is the score of class i and l(t) is (alpha - t)^2 / 2, exp(-alpha t) or max(0, alpha - t): Yang et al. 2021, whose
    scores are softmax probabilities and whose alpha lies in (0, 1]. (The formula is that of the authors' code. The range was
    recalled.) The pairs are never formed: the square and the exponential are sums over positives and negatives apart, and the
    hinge is running sums over sorted scores.

    With every sample its own class and the scores u v', "exp" is the mean over j != i of exp(-alpha (s_ii - s_ji)): what stands
    inside the logarithm of InfoNCE.

    Args:
        scores: f [n, C], C >= 2.
        labels: classes [n], integers in 0..C-1; every class occurs.
        surrogate: one of `SURROGATES`.
        alpha: > 0, the margin of the square and the hinge, the rate of the exponential.

    Returns:
        A 0-d tensor. Half-precision scores are cast up.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges; a class without a sample.
    """
    check_choice("surrogate", surrogate, SURROGATES)
    check_positive("alpha", alpha)
    scores, members = _checked(scores, labels)
    scores = scores - scores.detach().mean(dim=0)  # only differences matter, and those of small numbers are more exact
    count = members.sum(dim=0)  # n_i [C]
    positive = members / count  # the weights of the samples as positives of each class [n, C]: columns sum to 1
    negative = (1 - members) / (members @ count).unsqueeze(1)  # and as negatives: columns sum to C - 1
    sums = {"square": _squares, "exp": _exponentials, "hinge": _hinges}[surrogate](scores, positive, negative, alpha)
    return sums.sum() / (len(count) * (len(count) - 1))


def _squares(scores: Tensor, positive: Tensor, negative: Tensor, alpha: float) -> Tensor:
    """Return for each class [C] the weighted sum of (alpha - t)^2 / 2 over its pairs."""
    missing = scores - alpha  # (alpha - f + f')^2 = (f - alpha)^2 - 2 (f - alpha) f' + f'^2
    own, other = (positive * missing.square()).sum(dim=0), (negative * scores.square()).sum(dim=0)
    mixed = (positive * missing).sum(dim=0) * (negative * scores).sum(dim=0)
    return 0.5 * (negative.sum(dim=0) * own + other) - mixed


def _exponentials(scores: Tensor, positive: Tensor, negative: Tensor, alpha: float) -> Tensor:
    # In logarithms, as one of the factors may overflow where the product does not.
    own = (positive.log() - alpha * scores).logsumexp(dim=0)
    return (own + (negative.log() + alpha * scores).logsumexp(dim=0)).exp()


def _hinges(scores: Tensor, positive: Tensor, negative: Tensor, alpha: float) -> Tensor:
    """For each negative f' the sum of w (f' - (f - alpha)) over the positives whose f - alpha lies below it."""
    level, order = torch.where(positive > 0, scores - alpha, scores).sort(dim=0)
    positive, negative = positive.gather(0, order), negative.gather(0, order)
    below, weighted = positive.cumsum(dim=0), (positive * level).cumsum(dim=0)
    return (negative * (level * below - weighted)).sum(dim=0)


def _checked(scores: Tensor, labels: LongTensor) -> tuple[Tensor, Tensor]:
    """Return the scores in at least float32 and the indicators of the classes [n, C] in their type."""
    if not isinstance(scores, Tensor) or not scores.is_floating_point():
        kind = scores.dtype if isinstance(scores, Tensor) else type(scores).__name__
        raise TypeError(f"scores is {kind}; it must be a floating-point tensor [n, C]")
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(f"scores has shape {list(scores.shape)}; it must be [n, C] with C >= 2 classes")
    if not isinstance(labels, Tensor) or labels.dtype not in (torch.int64, torch.int32):
        kind = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        raise TypeError(f"labels is {kind}; it must be an integer tensor of shape [{len(scores)}]")
    if labels.shape != scores.shape[:1]:
        raise ValueError(f"labels has shape {list(labels.shape)}; it must be [{len(scores)}], one for each row of scores")
    scores = scores.float() if scores.dtype in HALF_PRECISION else scores
    classes = torch.arange(scores.shape[1], dtype=torch.int64, device=scores.device)
    members = labels.to(scores.device).unsqueeze(1) == classes
    if has_values(members):
        if (~members.any(dim=1)).any():
            row = int((~members.any(dim=1)).nonzero()[0])
            raise ValueError(f"labels[{row}]={int(labels[row])} must lie in 0..{len(classes) - 1}, the columns of scores")
        if (~members.any(dim=0)).any():
            absent = int((~members.any(dim=0)).nonzero()[0])
            raise ValueError(
                f"labels holds no sample of class {absent}; each of the {len(classes)} columns of scores needs one"
            )
    return scores, members.to(scores.dtype)
