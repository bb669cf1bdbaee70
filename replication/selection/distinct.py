"""Batches in which no two samples belong to one group: one text twice, captions of one image, a class."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd
import torch
from torch import Generator, LongTensor, Tensor

from replication.selection.base import BatchSelector, random_order
from replication.selection.kernels.neighbours import nearest_neighbours, similarity_factors
from replication.selection.kernels.separating import separate_groups
from replication.selection.wrapping import WrappingSelector
from replication.torch_settings import plain_tensors

NEAR = 128  # batches among which those that offer an exchange are looked for first


class DistinctGroups(WrappingSelector):
    """The batches of another selector, repaired so that samples of one group never share a batch.

    Two samples of one group would be false negatives of each other. Each batch that holds some exchanges them for samples of
    other batches, and the similarity inside the batches changes as little as the samples at hand allow. Shuffled batches get
    no harder, and few exchanges leave hard batches hard. But batches that were hard because they held whole groups, as of
    one class, lose most of that: the plan is repaired, not searched anew. A partition stays one.

    Put this wrapper outermost: `DistinctGroups(MixedBatches(...), groups)`. `PlannedBatchSampler(..., distinct=groups)` does.

    The M = floor(N/B) batches can hold at most M samples of a group. What a larger one has too many must be among the N mod
    B samples that are left over. A plan exists exactly where that is so, and then one is found.

    Args:
        selector: gives the plan [M, B], whose batches share no sample.
        distinct: the group of each sample: N integers or texts in an array, a tensor or a list.

    Attributes:
        distinct: the groups, numbered by first appearance, int64 [N].

    Raises:
        TypeError: `selector` is not a BatchSelector; `distinct` holds something else than integers or texts.
        ValueError: `distinct` is not one-dimensional; no such batches exist; from `select`, another number of samples, or
            batches that share samples, as independent ones do.
    """

    def __init__(self, selector: BatchSelector, distinct):
        super().__init__(selector)
        self.distinct = numbered(distinct)
        if self.batch_size is not None:
            check_possible(self.distinct, self.batch_size)

    def check_samples(self, num_samples: int) -> None:
        """Raise ValueError unless there is one label for each of `num_samples` samples."""
        if num_samples != len(self.distinct):
            raise ValueError(f"distinct has {len(self.distinct)} labels; it must have one for each of {num_samples} samples")

    def _change(self, plan, num_samples, pairs, generator):
        self.check_samples(num_samples)
        if len(plan.unique()) < plan.numel():
            raise ValueError(f"distinct needs batches that share no sample; {self.selector} gave some that do")
        check_possible(self.distinct, plan.shape[1])
        if self.replays:  # equal plans stay equal
            generator = torch.Generator().manual_seed(0)
        plan = plan.clone(memory_format=torch.contiguous_format)
        rows, group = plan.numpy(), self.distinct.numpy()
        if pairs is None:
            left = right = np.zeros((num_samples, 1), dtype=np.float32)
        else:
            pairs = tuple(view.float().cpu() for view in pairs)
            left, right = (factor.numpy() for factor in similarity_factors(*pairs))
        take_spares(rows, group, left, right)
        ordered = np.sort(group[rows], axis=1)
        if (ordered[:, 1:] == ordered[:, :-1]).any():
            separate_groups(
                rows, group, left, right, near_rows(plan, pairs, generator), random_order(len(rows), generator).numpy()
            )
        return plan


@plain_tensors()
def numbered(distinct) -> LongTensor:
    """Return labels as numbers from 0, by first appearance, after checking that they are integers or texts."""
    if not hasattr(distinct, "dtype") and (isinstance(distinct, str) or not isinstance(distinct, Sequence)):
        kind = type(distinct).__name__
        raise TypeError(f"distinct is {kind}; it must be N integers or texts, in a list, an array, a tensor or a Series")
    labels = distinct.cpu() if isinstance(distinct, Tensor) else distinct
    labels = np.asarray(labels) if hasattr(labels, "dtype") else np.array(list(labels), dtype=object)
    if labels.ndim != 1 or not len(labels):
        raise ValueError(f"distinct has shape {list(labels.shape)}; it must be [N], a label for each sample")
    for label in labels[:1] if labels.dtype.kind in "biufU" else labels:
        if isinstance(label, bool | np.bool_) or not isinstance(label, str | Integral):
            raise TypeError(f"distinct holds {label!r}; labels must be integers or texts")
    return torch.tensor(pd.factorize(labels)[0], dtype=torch.int64, device="cpu")


def check_possible(group: LongTensor, batch_size: int) -> None:
    """Raise ValueError unless floor(N/B) batches exist in which no group comes twice."""
    if batch_size > len(group):
        raise ValueError(f"distinct has {len(group)} labels; it must have at least batch_size={batch_size}")
    batches, spare = divmod(len(group), batch_size)
    sizes = group.bincount()
    excess = int((sizes - batches).clamp(min=0).sum())
    if excess > spare:
        first = int((group == sizes.argmax()).nonzero()[0])
        raise ValueError(
            f"distinct has a group of {int(sizes.max())} samples (first: sample {first}), but N={len(group)} samples "
            f"make {batches} batches of {batch_size} with at most one of a group in each"
            + (f", and only {spare} may be left over" if spare else "")
        )


def take_spares(rows: np.ndarray, group: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Exchange samples of groups that come more than M times in the batches [M, B] for samples left over, in place."""
    placed = np.bincount(group[rows.ravel()], minlength=group.max() + 1)
    if placed.max() <= len(rows):
        return
    spare = np.setdiff1d(np.arange(len(group)), rows)
    for each in np.flatnonzero(placed > len(rows)):
        while placed[each] > len(rows):
            row = (group[rows] == each).sum(axis=1).argmax()
            place = (group[rows[row]] == each).argmax()
            rest = right[np.delete(rows[row], place)].sum(axis=0)
            allowed = placed[group[spare]] < len(rows)
            new = allowed & ~np.isin(group[spare], group[rows[row]])
            candidates = np.flatnonzero(new if new.any() else allowed)
            best = candidates[np.abs((left[spare[candidates]] - left[rows[row, place]]) @ rest).argmin()]
            rows[row, place], spare[best] = spare[best], rows[row, place]
            placed[each] -= 1
            placed[group[rows[row, place]]] += 1


def near_rows(plan: LongTensor, pairs: tuple[Tensor, Tensor] | None, generator: Generator | None) -> np.ndarray:
    """Return for each batch the `NEAR` nearest other ones, or without embeddings random ones, [M, K]."""
    if pairs is None:
        return torch.randint(len(plan), (len(plan), NEAR), generator=generator, dtype=torch.int64, device="cpu").numpy()
    return nearest_neighbours(*(view[plan].mean(dim=1) for view in pairs), min(NEAR, len(plan) - 1)).numpy()
