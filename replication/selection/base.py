"""The contract that every selector keeps, and the steps that they share."""

import copy
import inspect
import logging
from abc import ABC, abstractmethod

import torch
from torch import Generator, LongTensor, Tensor

from replication.selection.describing import describe_call
from replication.selection.kernels.parallel import single_torch_thread
from replication.torch_settings import plain_tensors
from replication.validation import check_count, check_has_values, check_num_samples, check_pairs, check_positive, unit_rows

logger = logging.getLogger("replication.selection")


class BatchSelector(ABC):
    """A way to choose mini-batches from the embeddings of N samples.

    Subclasses that look at the embeddings implement `_select`; those that need only N derive from `IndexSelector`. Each keeps
    its constructor's arguments in attributes of the same names: the repr shows them.

    Attributes:
        batch_size: samples in a batch, B; None where the number of samples decides (`FullBatch`).
        uses_embeddings: whether the choice depends on the embeddings; if not, only their number matters, and
            `plan(num_samples, generator)` chooses without them.
        replays: whether every call returns the same batches on purpose.
    """

    batch_size: int | None = None
    uses_embeddings = True
    replays = False

    @plain_tensors()
    def select(self, u: Tensor, v: Tensor | None = None, generator: Generator | None = None) -> LongTensor:
        """Choose mini-batches.

        Args:
            u, v: embeddings [N, d] of the two views, on any device; rows need not have norm 1. `v=None` means `u`.
            generator: a CPU generator; all randomness comes from it. None uses torch's global one.

        Returns:
            Indices [M, B] on the CPU, one mini-batch a row; no index twice in a row.

        Raises:
            TypeError, ValueError: embeddings of the wrong kind or shape, NaN, infinity or a zero vector among them; or
                fewer samples than the selector's batch size; or a generator that is none or not on the CPU.
        """
        check_generator(generator)
        v = u if v is None else v
        with single_torch_thread():  # on a busy machine, threads wait for each other longer than these steps take
            check_pairs(u, v)
            check_has_values("u", u)
            check_has_values("v", v)
            check_batch_size(self.batch_size, len(u))
            unit_u = unit_rows("u", u.detach())
            unit_v = unit_u if v is u else unit_rows("v", v.detach())
        return self._select(unit_u, unit_v, generator)

    @abstractmethod
    def _select(self, u: Tensor, v: Tensor, generator: Generator | None) -> LongTensor:
        """Choose from unit rows that have been checked."""

    def at_temperature(self, temperature: float) -> "BatchSelector":
        """Return this selector with another temperature, also of the selectors inside it; what knows none stays as it is.

        For losses whose temperature is learned, as CLIP's is.

        Raises:
            TypeError, ValueError: `temperature` is no number > 0.
        """
        check_positive("temperature", temperature)
        changed = copy.copy(self)
        for name, value in self._arguments().items():
            if name == "temperature":
                changed.temperature = temperature
            elif isinstance(value, BatchSelector):
                setattr(changed, name, value.at_temperature(temperature))
        return changed

    def __repr__(self) -> str:
        return self.described()

    def described(self, identity: bool = False) -> str:
        """Return the selector's class and arguments in one line, defaults left out; arrays as type and shape.

        `identity`: show all that decides the batches, so a checksum of arrays too, and nothing else, so not `workers`.
        """
        return describe_call(type(self), self._arguments(), identity)

    def _arguments(self) -> dict[str, object]:
        """Return the constructor's arguments by name."""
        names = inspect.signature(type(self)).parameters
        return {name: getattr(self, name) for name in names if hasattr(self, name)}


class IndexSelector(BatchSelector):
    """A selector that needs only the number of samples: it can `plan` without embeddings."""

    uses_embeddings = False

    @plain_tensors()
    def select(self, u: Tensor, v: Tensor | None = None, generator: Generator | None = None) -> LongTensor:
        """Choose mini-batches for len(u) samples; the embeddings are checked but do not matter. See `BatchSelector.select`."""
        with single_torch_thread():
            check_pairs(u, u if v is None else v)
        return self.plan(len(u), generator)

    @plain_tensors()
    def plan(self, num_samples: int, generator: Generator | None = None) -> LongTensor:
        """Choose mini-batches of `num_samples` samples; returns indices [M, B].

        Raises:
            TypeError: `num_samples` is no integer, or `generator` neither None nor a torch.Generator.
            ValueError: B > N or N < 2; or a generator that is not on the CPU.
        """
        check_generator(generator)
        check_num_samples(num_samples, 2)
        check_batch_size(self.batch_size, num_samples)
        return self._plan(num_samples, generator)

    @abstractmethod
    def _plan(self, num_samples: int, generator: Generator | None) -> LongTensor:
        """Choose for a number of samples that has been checked."""

    def _select(self, u, v, generator):
        return self._plan(len(u), generator)


def check_batch_size(batch_size: int | None, num_samples: int) -> None:
    """Raise ValueError if there are fewer samples than one batch holds."""
    if batch_size is not None and batch_size > num_samples:
        raise ValueError(f"batch_size={batch_size} must be <= {num_samples}, the number of samples")


def check_generator(generator: Generator | None) -> None:
    """Raise TypeError if `generator` is neither None nor a torch.Generator, ValueError if it is not on the CPU."""
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(f"generator={generator!r} must be a torch.Generator or None")
    if generator is not None and generator.device.type != "cpu":
        raise ValueError(f"generator is on {generator.device}; it must be on the CPU, as plans are: torch.Generator()")


def random_order(count: int, generator: Generator | None) -> LongTensor:
    """Return the numbers 0 to count - 1 in random order, on the CPU."""
    return torch.randperm(count, generator=generator, dtype=torch.int64, device="cpu")


def shuffled_rows(num_samples: int, batch_size: int, generator: Generator | None) -> LongTensor:
    """Return a random partition into floor(N/B) batches [floor(N/B), B]; the N mod B samples left over are random too."""
    rows = num_samples // batch_size
    return random_order(num_samples, generator)[: rows * batch_size].view(rows, batch_size)


def draw_seed(generator: Generator | None) -> int:
    """Draw a seed for NumPy's and scikit-learn's generators from torch's, so that one generator decides everything."""
    return int(torch.randint(2**31 - 1, (), generator=generator, dtype=torch.int64, device="cpu"))


class ClippedCount:
    """The parameter k of a selector: at most floor(N/B), and None means that; a clipped value is logged once."""

    def __init__(self, k: int | None):
        self.k = None if k is None else check_count("k", k, 1)
        self._told = False

    def __repr__(self) -> str:
        return repr(self.k)

    def within(self, limit: int) -> int:
        """Return k, or `limit` where k is None or larger."""
        if self.k is not None and self.k > limit and not self._told:
            logger.warning("k=%d is clipped to %d, the number of whole batches in the data", self.k, limit)
            self._told = True
        return limit if self.k is None else min(self.k, limit)
