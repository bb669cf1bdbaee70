"""A dial between any selector's batches and random ones."""

from numbers import Real

import torch

from replication.selection.base import BatchSelector


class MixedBatches(BatchSelector):
    """A share of a selector's batches, chosen at random; the other samples are shuffled into random batches.

    hardness=1 is the selector itself, 0 a random partition. In between the mean loss of the batches falls about linearly:
    a guard against batches that are too hard, as is `NearestNeighbour`'s `skip`. A partition stays one. A selector that
    covers a part of the data, as `OrderedSGD` does, keeps its number of batches; the random ones come from all samples
    that the kept ones do not hold.

    Args:
        selector: gives the plan [M, B] of which round(hardness * M) batches are kept, in their places.
        hardness: the share kept, 0 <= hardness <= 1.

    Raises:
        TypeError: `selector` is not a BatchSelector, or `hardness` not a number.
        ValueError: `hardness` out of range; from `select`, more batches than disjoint random ones could replace.
    """

    def __init__(self, selector: BatchSelector, hardness: float):
        if not isinstance(selector, BatchSelector):
            raise TypeError(f"selector is {type(selector).__name__}; it must be a BatchSelector")
        if isinstance(hardness, bool) or not isinstance(hardness, Real):
            raise TypeError(f"hardness={hardness!r} must be a number")
        if not 0 <= hardness <= 1:
            raise ValueError(f"hardness={hardness} must be >= 0 and <= 1")
        self.selector = selector
        self.hardness = float(hardness)
        self.batch_size = selector.batch_size

    def _select(self, u, v, generator):
        plan = self.selector.select(u, v, generator)
        count, batch_size = plan.shape
        order = torch.randperm(count, generator=generator)
        kept, replaced = order.tensor_split([round(self.hardness * count)])
        unused = torch.ones(len(u), dtype=torch.bool)
        unused[plan[kept]] = False
        others = unused.nonzero().flatten()
        if len(replaced) * batch_size > len(others):
            raise ValueError(
                f"hardness={self.hardness} replaces {len(replaced)} of {count} batches of {batch_size} by disjoint ones; "
                f"only {len(others)} of N={len(u)} samples are not in the others"
            )
        drawn = others[torch.randperm(len(others), generator=generator)[: len(replaced) * batch_size]]
        plan[replaced] = drawn.view(-1, batch_size)
        return plan
