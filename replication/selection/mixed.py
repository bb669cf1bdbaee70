"""A dial between any selector's batches and random ones."""

from numbers import Real

import torch

from replication.selection.base import BatchSelector, random_order
from replication.selection.wrapping import WrappingSelector


class MixedBatches(WrappingSelector):
    """A share of a selector's batches, chosen at random; the other samples are shuffled into random batches.

    hardness=1 is the selector itself, 0 a random partition. In between the mean loss of the batches falls about linearly:
    a guard against batches that are too hard, as is `NearestNeighbour`'s `skip`. A partition stays one. A selector that
    covers a part of the data, as `OrderedSGD` does, keeps its number of batches; the random ones come from all samples
    that the kept ones do not hold. Embeddings are needed only where `selector` needs them.

    Args:
        selector: gives the plan [M, B] of which round(hardness * M) batches are kept, in their places.
        hardness: the share kept, 0 <= hardness <= 1.

    Example:
        >>> from replication.selection import SwapSearch
        >>> MixedBatches(SwapSearch(32, k=10, temperature=0.1), 0.25)
        MixedBatches(SwapSearch(32, k=10, temperature=0.1), 0.25)

    Raises:
        TypeError: `selector` is not a BatchSelector, or `hardness` not a number.
        ValueError: `hardness` out of range; from `select`, more batches than disjoint random ones could replace.
    """

    def __init__(self, selector: BatchSelector, hardness: float):
        super().__init__(selector)
        if isinstance(hardness, bool) or not isinstance(hardness, Real):
            raise TypeError(f"hardness={hardness!r} must be a number")
        if not 0 <= hardness <= 1:
            raise ValueError(f"hardness={hardness} must be >= 0 and <= 1")
        self.hardness = float(hardness)
        self.replays = selector.replays and hardness == 1

    def _change(self, plan, num_samples, pairs, generator):
        """Replace the share 1 - hardness of the batches `plan` [M, B] by random ones, in place."""
        count, batch_size = plan.shape
        order = random_order(count, generator)
        kept, replaced = order.tensor_split([round(self.hardness * count)])
        unused = torch.ones(num_samples, dtype=torch.bool, device="cpu")
        unused[plan[kept]] = False
        others = unused.nonzero().flatten()
        if len(replaced) * batch_size > len(others):
            raise ValueError(
                f"hardness={self.hardness} replaces {len(replaced)} of {count} batches of {batch_size} by disjoint ones; "
                f"only {len(others)} of N={num_samples} samples are not in the others"
            )
        drawn = others[random_order(len(others), generator)[: len(replaced) * batch_size]]
        plan[replaced] = drawn.view(-1, batch_size)
        return plan
