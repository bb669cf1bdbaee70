"""A dial between any selector's batches and random ones."""

from numbers import Real

import torch
from torch import Generator, LongTensor, Tensor

from replication.selection.base import BatchSelector, random_order
from replication.selection.kernels.parallel import single_torch_thread
from replication.torch_settings import plain_tensors
from replication.validation import check_pairs


class MixedBatches(BatchSelector):
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
        if not isinstance(selector, BatchSelector):
            raise TypeError(f"selector is {type(selector).__name__}; it must be a BatchSelector")
        if isinstance(hardness, bool) or not isinstance(hardness, Real):
            raise TypeError(f"hardness={hardness!r} must be a number")
        if not 0 <= hardness <= 1:
            raise ValueError(f"hardness={hardness} must be >= 0 and <= 1")
        self.selector = selector
        self.hardness = float(hardness)
        self.batch_size, self.uses_embeddings = selector.batch_size, selector.uses_embeddings
        self.replays = selector.replays and hardness == 1

    @plain_tensors()
    def select(self, u: Tensor, v: Tensor | None = None, generator: Generator | None = None) -> LongTensor:
        """Choose mini-batches; see `BatchSelector.select`."""
        if self.uses_embeddings:
            return super().select(u, v, generator)
        with single_torch_thread():
            check_pairs(u, u if v is None else v)
        return self.plan(len(u), generator)

    @plain_tensors()
    def plan(self, num_samples: int, generator: Generator | None = None) -> LongTensor:
        """Choose mini-batches of `num_samples` samples without embeddings, as `IndexSelector.plan`.

        Raises:
            TypeError: `selector` needs embeddings; or as `IndexSelector.plan`.
            ValueError: as `IndexSelector.plan` and `select`.
        """
        if self.uses_embeddings:
            raise TypeError(f"{self} chooses by embeddings; call select(u, v)")
        return self._mix(self.selector.plan(num_samples, generator), num_samples, generator)

    def _select(self, u, v, generator):
        return self._mix(self.selector.select(u, v, generator), len(u), generator)

    def _mix(self, plan, num_samples, generator):
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
