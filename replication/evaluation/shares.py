"""Shares of likely false negatives in batches: pairs of one class, or with nearly the same caption."""

import re

import numpy as np
from torch import LongTensor, Tensor

from replication.selection.kernels.compiled import compiled

# Words that two captions share without sharing a subject.
STOP_WORDS = frozenset(
    re.findall(r"\w+", "a an and are as at by for from he her his in is it its of on or that the their there to with")
)


def same_class_share(plan: LongTensor, labels: Tensor) -> float:
    """Return the share of pairs inside the batches of a plan [M, B] whose labels [N] are equal: likely false negatives."""
    mine = labels[plan]
    equal = (mine.unsqueeze(1) == mine.unsqueeze(2)).sum(dim=(1, 2)) - plan.shape[1]
    return float(equal.sum() / (plan.numel() * (plan.shape[1] - 1)))


class NearDuplicates:
    """Captions whose words are known, so that plan after plan of a long training is looked at in milliseconds.

    Captions nearly agree if the words that both have are at least `threshold` of those that either has (Jaccard), without
    case, punctuation and the commonest words.

    Args:
        texts: captions [C].
        threshold: in (0, 1].

    Raises:
        ValueError: a threshold that is not in (0, 1].
    """

    def __init__(self, texts: list[str], threshold: float = 0.5):
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold={threshold} must be > 0 and <= 1")
        self.threshold = float(threshold)
        words = [frozenset(re.findall(r"\w+", text.lower())) - STOP_WORDS for text in texts]
        number = {word: place for place, word in enumerate(sorted(set().union(*words)))}
        sizes = np.array([len(mine) for mine in words], dtype=np.int64)
        self._ends = sizes.cumsum()
        self._begins = self._ends - sizes
        self._words = np.array([place for mine in words for place in sorted(number[word] for word in mine)], dtype=np.int64)

    def share(self, plan: LongTensor) -> float:
        """Return the share of pairs inside the batches of a plan [M, B] of captions that nearly agree; batches of one: 0."""
        batches = np.ascontiguousarray(plan.cpu().numpy())
        alike = _count_alike(batches, self._words, self._begins, self._ends, self.threshold)
        return 2 * alike / max(1, plan.numel() * (plan.shape[1] - 1))


@compiled
def _count_alike(batches: np.ndarray, words: np.ndarray, begins: np.ndarray, ends: np.ndarray, threshold: float) -> int:
    """Return how many pairs inside batches [M, B] nearly agree; the words of each caption are sorted."""
    alike = 0
    for batch in batches:
        for i in range(len(batch)):
            for j in range(i):
                one, other, both = begins[batch[i]], begins[batch[j]], 0
                while one < ends[batch[i]] and other < ends[batch[j]]:
                    if words[one] == words[other]:
                        both += 1
                        one += 1
                        other += 1
                    elif words[one] < words[other]:
                        one += 1
                    else:
                        other += 1
                either = ends[batch[i]] - begins[batch[i]] + ends[batch[j]] - begins[batch[j]] - both
                if both > 0 and both >= threshold * either:
                    alike += 1
    return alike


def duplicate_share(plan: LongTensor, texts: list[str], threshold: float = 0.5) -> float:
    """Return `NearDuplicates(texts, threshold).share(plan)`, for a single plan [M, B] of captions [N].

    Raises:
        ValueError: a threshold that is not in (0, 1].
    """
    return NearDuplicates(texts, threshold).share(plan)
