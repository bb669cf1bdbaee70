"""The bridge from a selector to any PyTorch DataLoader."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Generator, LongTensor, Tensor
from torch.utils.data import Sampler

from replication.selection.base import BatchSelector
from replication.validation import check_count


class PlannedBatchSampler(Sampler[list[int]]):
    """A batch sampler whose epoch is a plan made by a selector: `DataLoader(data, batch_sampler=...)`.

        sampler = PlannedBatchSampler(SpectralClustering(32, k=40, temperature=0.1), len(data))
        for epoch in range(epochs):
            sampler.set_epoch(epoch)
            sampler.update(u, v)             # this epoch's embeddings of all samples, in the order of the data
            for batch in DataLoader(data, batch_sampler=sampler): ...

    An epoch has floor(N/B) batches (at least 1) for every selector. One that returns fewer, as `OrderedSGD` does, is asked
    again with fresh randomness; of one that returns more, as `AllBatches` does, a random subset is taken. The plan depends
    only on the selector, the embeddings, `seed` and the epoch. Without `set_epoch` the same plan is replayed.

    Args:
        selector: decides the batches.
        num_samples: size of the data, N.
        seed: with the epoch, seeds the selector.

    Attributes:
        plan: this epoch's batches [floor(N/B), B], or None while they are not made.
        epoch: the epoch that `set_epoch` chose, at first 0.

    Raises:
        TypeError: `selector` is not an instance of `BatchSelector`.
        ValueError: N < 2, or the selector's batches are larger than the data.
    """

    def __init__(self, selector: BatchSelector, num_samples: int, seed: int = 0):
        if not isinstance(selector, BatchSelector):
            raise TypeError(f"selector={selector!r} must be a BatchSelector, such as ShuffledBatches(32)")
        self.selector = selector
        self.num_samples = check_count("num_samples", num_samples, 2)
        self.batch_size = selector.batch_size or num_samples
        check_count("batch_size", self.batch_size, 1, num_samples, "num_samples")
        self.seed = check_count("seed", seed, 0)
        self.epoch = 0
        self.plan: LongTensor | None = None
        self._position = self._start = 0

    def __len__(self) -> int:
        return self.num_samples // self.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Begin another epoch: the plan of the last one is dropped. The same epoch again changes nothing."""
        if epoch != self.epoch:
            self.epoch = check_count("epoch", epoch, 0)
            self.plan, self._position, self._start = None, 0, 0

    def update(self, u: Tensor, v: Tensor | None = None) -> None:
        """Plan this epoch from the embeddings `u`, `v` [N, d] of all samples. Raises ValueError if there are not N."""
        if len(u) != self.num_samples:
            raise ValueError(f"u has {len(u)} rows; it must have one for each of the num_samples={self.num_samples} samples")
        self._make_plan(lambda generator: self.selector.select(u, v, generator))

    def __iter__(self) -> Iterator[list[int]]:
        if self.plan is None:
            if self.selector.uses_embeddings:
                name = type(self.selector).__name__
                raise RuntimeError(f"{name} has no plan for epoch {self.epoch}; call update(u, v) with this epoch's embeddings")
            self._make_plan(lambda generator: self.selector.plan(self.num_samples, generator))
        # Only a loaded state starts inside the plan: an iteration that was broken off must not shorten the next one.
        self._position, self._start = self._start, 0
        while self._position < len(self.plan):
            self._position += 1
            yield self.plan[self._position - 1].tolist()

    def state_dict(self, batches_done: int | None = None) -> dict:
        """Return the epoch, its plan and the position in it.

        Args:
            batches_done: batches of this epoch that were trained on. Needed when a DataLoader with workers fetches ahead;
                None means all that were handed out.
        """
        done = self._position if batches_done is None else check_count("batches_done", batches_done, 0, len(self))
        return {"num_samples": self.num_samples, "batch_size": self.batch_size, "seed": self.seed} | {
            "epoch": self.epoch,
            "plan": self.plan,
            "position": done,
        }

    def load_state_dict(self, state: dict) -> None:
        """Continue from `state_dict()`: the next iteration yields the rest of the saved plan, not a newly drawn one.

        Raises:
            TypeError, ValueError: the state was saved for another data size, batch size or seed; it lacks an entry; or its
                epoch, plan or position is none that `state_dict` returns. The sampler then stays as it was.
        """
        missing = {"num_samples", "batch_size", "seed", "epoch", "plan", "position"} - set(state)
        if missing:
            raise ValueError(f"the saved state lacks {', '.join(sorted(missing))}; it must come from state_dict()")
        for name in ("num_samples", "batch_size", "seed"):
            if state[name] != getattr(self, name):
                raise ValueError(f"the saved state has {name}={state[name]}; this sampler has {name}={getattr(self, name)}")
        plan = state["plan"]
        if plan is not None:
            self._check_plan(plan)
        epoch = check_count("epoch", state["epoch"], 0)
        done = check_count("position", state["position"], 0, 0 if plan is None else len(plan), "batches in the saved plan")
        self.epoch, self.plan = epoch, plan
        self._position = self._start = done

    def _check_plan(self, plan: LongTensor) -> None:
        allowed = f"it must hold integers [{len(self)}, {self.batch_size}] from 0 to {self.num_samples - 1}"
        if not isinstance(plan, Tensor) or plan.dtype != torch.int64 or plan.shape != (len(self), self.batch_size):
            found = f"{plan.dtype} of shape {list(plan.shape)}" if isinstance(plan, Tensor) else type(plan).__name__
            raise ValueError(f"the saved plan is {found}; {allowed}")
        low, high = int(plan.min()), int(plan.max())
        if low < 0 or high >= self.num_samples:
            raise ValueError(f"the saved plan holds index {low if low < 0 else high}; {allowed}")

    def _make_plan(self, select) -> None:
        seed = int(np.random.SeedSequence([self.seed, self.epoch]).generate_state(1, np.uint64)[0] >> 1)
        self.plan = fill_epoch(select, len(self), torch.Generator().manual_seed(seed))
        self._position, self._start = 0, 0


def fill_epoch(select: Callable[[Generator], LongTensor], length: int, generator: Generator) -> LongTensor:
    """Return exactly `length` batches [length, B]: `select` is called until they are enough; of too many, a random subset."""
    rows = select(generator)
    if len(rows) > length:
        rows = rows[torch.randperm(len(rows), generator=generator)[:length]]
    while len(rows) < length:
        rows = torch.cat([rows, select(generator)])
    return rows[:length]
