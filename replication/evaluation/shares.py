"""Shares of likely false negatives in batches: pairs of one class, or with nearly the same caption."""

import re

import numpy as np
from scipy.sparse import csr_matrix
from torch import LongTensor, Tensor

# Words that two captions share without sharing a subject.
STOP_WORDS = frozenset(
    re.findall(r"\w+", "a an and are as at by for from he her his in is it its of on or that the their there to with")
)


def same_class_share(plan: LongTensor, labels: Tensor) -> float:
    """Return the share of pairs inside the batches of a plan [M, B] whose labels [N] are equal: likely false negatives."""
    mine = labels[plan]
    equal = (mine.unsqueeze(1) == mine.unsqueeze(2)).sum(dim=(1, 2)) - plan.shape[1]
    return float(equal.sum() / (plan.numel() * (plan.shape[1] - 1)))


def duplicate_share(plan: LongTensor, texts: list[str], threshold: float = 0.5) -> float:
    """Return the share of pairs inside the batches of a plan [M, B] whose captions nearly agree: likely false negatives.

    Captions `texts` [N] nearly agree if the words that both have are at least `threshold` of those that either has
    (Jaccard), without case, punctuation and the commonest words. Batches of one have no pairs: 0.

    Raises:
        ValueError: a threshold that is not in (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold={threshold} must be > 0 and <= 1")
    words = [frozenset(re.findall(r"\w+", text.lower())) - STOP_WORDS for text in texts]
    column = {word: number for number, word in enumerate(sorted(set().union(*words)))}
    rows = [row for row, mine in enumerate(words) for _ in mine]
    columns = [column[word] for mine in words for word in mine]
    table = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), max(1, len(column))))
    sizes = np.array([len(mine) for mine in words])
    alike = 0
    for batch in plan.cpu().numpy():
        shared = (table[batch] @ table[batch].T).tocoo()  # only pairs with a word in common: few, even in large batches
        different = shared.row != shared.col
        both, one, other = (x[different] for x in (shared.data, sizes[batch[shared.row]], sizes[batch[shared.col]]))
        alike += int((both >= threshold * (one + other - both)).sum())
    return alike / max(1, plan.numel() * (plan.shape[1] - 1))
