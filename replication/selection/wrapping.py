"""Selectors that change the plans of another selector."""

from abc import abstractmethod

from torch import Generator, LongTensor, Tensor

from replication.selection.base import BatchSelector
from replication.selection.kernels.parallel import single_torch_thread
from replication.torch_settings import plain_tensors
from replication.validation import check_pairs


class WrappingSelector(BatchSelector):
    """A selector whose plans are those of another one, changed. It needs embeddings only where the other does.

    Subclasses implement `_change`.

    Args:
        selector: gives the plans.

    Raises:
        TypeError: `selector` is not a BatchSelector.
    """

    def __init__(self, selector: BatchSelector):
        if not isinstance(selector, BatchSelector):
            raise TypeError(f"selector is {type(selector).__name__}; it must be a BatchSelector")
        self.selector = selector
        self.batch_size, self.uses_embeddings = selector.batch_size, selector.uses_embeddings
        self.replays = selector.replays

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
        return self._change(self.selector.plan(num_samples, generator), num_samples, None, generator)

    def _select(self, u, v, generator):
        return self._change(self.selector.select(u, v, generator), len(u), (u, v), generator)

    @abstractmethod
    def _change(
        self, plan: LongTensor, num_samples: int, pairs: tuple[Tensor, Tensor] | None, generator: Generator | None
    ) -> LongTensor:
        """Return the plan [M, B] changed, perhaps in place; `pairs` are unit rows, None where no embeddings are used."""
