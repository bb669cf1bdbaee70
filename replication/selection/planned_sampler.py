"""The bridge from a selector to any PyTorch DataLoader."""

import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import LongTensor, Tensor
from torch.utils.data import Sampler

from replication.seeding import derived_seed
from replication.selection.base import BatchSelector
from replication.selection.distinct import DistinctGroups
from replication.selection.filled_epoch import fill_epoch
from replication.selection.fixed import FixedBatches
from replication.selection.sampler_state import check_plan, check_state
from replication.selection.stored_plan import StoredPlan
from replication.validation import check_count, check_num_samples


class PlannedBatchSampler(Sampler[list[int]]):
    """A batch sampler whose epoch is a plan made by a selector.

        sampler = PlannedBatchSampler(SpectralClustering(32, k=40, temperature=0.1), len(data))
        loader = DataLoader(data, batch_sampler=sampler)
        for epoch in range(epochs):
            sampler.set_epoch(epoch)
            sampler.update(u, v)             # this epoch's embeddings of all samples, in the order of the data
            for batch in loader: ...

    Pass it as `batch_sampler`. As `sampler`, which torch accepts too, it would make each list of indices one index.

    An epoch has floor(N/B) batches (at least 1) for every selector. One that returns fewer, as `OrderedSGD` does, is asked
    again with fresh randomness; of one that returns more, as `AllBatches` does, a random subset is taken. The plan depends
    only on the selector, the embeddings, `seed` and the epoch. Without `set_epoch` an iteration replays the last plan, and
    `update` plans with the same randomness; the second whole iteration of an epoch warns once of that.

    To resume in the middle of an epoch, save `state_dict()`, and begin the loop above anew with

        sampler.load_state_dict(state)
        for epoch in range(sampler.epoch, epochs): ...

    `set_epoch` and `update` then keep the loaded plan, and the loop serves the rest of it. Its embeddings are not needed:
    `if sampler.plan is None` before `update` saves computing them. The plan is kept until it has been served to its end or
    `set_epoch` names another epoch; an iteration broken off before that starts again where the loaded state did.

    A plan on disk, `FixedBatches(batches=folder)`, is read batch by batch: memory does not grow with it, and `state_dict`
    holds its checksum in place of its batches.

    On several processes: `replication.integrations` deals the plan to them, in Accelerate, transformers, sentence-transformers
    and Lightning. In a loop of your own, with DistributedDataParallel, let every process hold the same plan of global
    batches, and take its own part of each: `DealtBatches(sampler, processes=w, rank=r)` yields that, and its `update` makes
    the plan of rank 0 that of all. The loss must see the whole batch (gather the embeddings, as `open_clip.ClipLoss` does
    given its `world_size`), or its batches are smaller than the ones chosen. A `DistributedSampler` cannot be combined with
    it. `replication.clip` does all this in a loop of its own, without this class.

    Args:
        selector: decides the batches.
        num_samples: size of the data, N: `len(data)`.
        seed: with the epoch, seeds the selector.
        distinct: the group of each sample, N integers or texts: samples of one group, such as equal texts or captions of one
            image, never share a batch. See `DistinctGroups`, which does it. None: any may.

    Attributes:
        plan: this epoch's batches [floor(N/B), B], or None while they are not made; of a plan on disk the `StoredPlan`.
        epoch: the epoch that `set_epoch` chose or `load_state_dict` brought back, at first 0.

    Example:
        >>> import torch
        >>> from replication.selection import SwapSearch
        >>> u = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9]])
        >>> sampler = PlannedBatchSampler(SwapSearch(2, temperature=0.1), num_samples=4)
        >>> sampler.set_epoch(0)
        >>> sampler.update(u)
        >>> sorted(sorted(batch) for batch in sampler)
        [[0, 2], [1, 3]]

    Raises:
        TypeError: `selector` is not an instance of `BatchSelector`; or `num_samples` is no integer; or labels of another kind.
        ValueError: N < 2, or the selector's batches are larger than the data; a plan on disk that is one of other data; or
            `distinct` asks for what cannot be.
    """

    def __init__(self, selector: BatchSelector, num_samples: int, seed: int = 0, distinct=None):
        if not isinstance(selector, BatchSelector):
            raise TypeError(f"selector={selector!r} must be a BatchSelector, such as ShuffledBatches(32)")
        self.selector = selector
        self.num_samples = check_num_samples(num_samples, 2)
        self.batch_size = selector.batch_size or self.num_samples
        check_count("batch_size", self.batch_size, 1, self.num_samples, "num_samples")
        self.seed = check_count("seed", seed, 0)
        if distinct is not None:
            self.selector = DistinctGroups(selector, distinct)
            self.selector.check_samples(self.num_samples)
        self._stored = self.selector.stored if isinstance(self.selector, FixedBatches) else None
        if self._stored is not None:
            self.selector.check_stored(self.num_samples)
        self.epoch = 0
        self._passes, self._warned = 0, False
        self._set_plan(None)

    def _set_plan(self, plan: LongTensor | None, start: int = 0, loaded: bool = False) -> None:
        self.plan: LongTensor | StoredPlan | None = plan
        self._position = self._start = start  # batches handed out; where the iteration under way, or the next one, begins
        self._loaded = loaded  # `update` must keep the plan
        self._ended = False  # the iteration that began at `_start` went to the end of the plan

    @property
    def start(self) -> int:
        """Batches of this epoch that the next iteration skips: those done before `load_state_dict`, otherwise 0.

        Count from here for `state_dict(batches_done=...)`: `enumerate(loader, sampler.start + 1)`.
        """
        return 0 if self._ended else self._start

    def __len__(self) -> int:
        """Return how many batches the next iteration yields: floor(N/B), less those done before `load_state_dict`."""
        return self._epoch_length - self.start

    @property
    def _epoch_length(self) -> int:
        return self.num_samples // self.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Begin another epoch: the plan of the last one is dropped. The same epoch again keeps plan and position."""
        if epoch != self.epoch:
            self.epoch = check_count("epoch", epoch, 0)
            self._set_plan(None)
        self._passes = 0  # who names the same epoch again wants it again

    def update(self, u: Tensor, v: Tensor | None = None, temperature: float | None = None) -> None:
        """Plan this epoch from the embeddings of all samples, and start at its beginning.

        A plan that `load_state_dict` brought back stays as it is until it has been served to its end or `set_epoch` named
        another epoch.

        Args:
            u, v: embeddings [N, d] of the two views, in the order of the data; `v=None` means `u`.
            temperature: that of the loss now, where it is learned, as CLIP's `1 / logit_scale.exp().item()`. None: the
                selector's own.

        Raises:
            TypeError, ValueError: `u` has not num_samples rows; `temperature` is no number > 0; or as `BatchSelector.select`.
        """
        self._check_rows(u)
        selector = self.selector if temperature is None else self.selector.at_temperature(temperature)
        if not self._loaded:
            self._make_plan(lambda generator: selector.select(u, v, generator))

    def _check_rows(self, u) -> None:
        """Raise what is wrong with the first argument of `update`, as far as it says that the call is meant otherwise."""
        wanted = f"call update(u, v) with two tensors [{self.num_samples}, d]"
        if not isinstance(u, Tensor | np.ndarray):  # what is wrong with an array, the selector says
            raise TypeError(f"u is {'None' if u is None else type(u).__name__}; {wanted}")
        if u.ndim == 3 and len(u) == 2:
            raise ValueError(f"u has shape {list(u.shape)}, the two views as one; {wanted}")
        if u.ndim == 0 or len(u) != self.num_samples:
            rows = f"{len(u)} rows" if u.ndim else "no rows"
            raise ValueError(f"u has {rows}; it must have one for each of the num_samples={self.num_samples} samples")

    def __iter__(self) -> Iterator[list[int]]:
        if self.plan is None:
            if self.selector.uses_embeddings:
                name = type(self.selector).__name__
                raise RuntimeError(f"{name} has no plan for epoch {self.epoch}; call update(u, v) with this epoch's embeddings")
            self._make_plan(lambda generator: self.selector.plan(self.num_samples, generator))
        # Only a loaded state starts inside the plan: an iteration that was broken off must not shorten the next one.
        plan, start = self.plan, self.start
        self._start, self._ended = start, False
        for position in range(start, len(plan)):
            if self.plan is plan:  # else another epoch has begun since: the position is no longer that of this iteration
                self._position = position + 1
            yield plan[position].tolist()
        if self.plan is plan:
            self._position, self._ended, self._loaded = len(plan), True, False
            self._count_pass()

    def _count_pass(self) -> None:
        self._passes += 1
        if self._passes > 1 and not self._warned and not self.selector.replays:
            self._warned = True
            warnings.warn(
                f"PlannedBatchSampler served epoch {self.epoch} a second time; call set_epoch(epoch) before each epoch, or all "
                "have the same batches (with update(u, v): the same randomness)",
                stacklevel=3,
            )

    def state_dict(self, batches_done: int | None = None) -> dict:
        """Return the epoch, its plan, the position in it, and of which selector it is.

        The position counts the batches that were *handed out*. A DataLoader with workers (`num_workers` > 0) fetches batches
        ahead, so that more are handed out than trained on: resuming would skip the difference. Then pass `batches_done`.

        Args:
            batches_done: batches of this epoch that were trained on, counted from its beginning: those before a
                `load_state_dict` count too (see `start`). None means all that were handed out.

        Raises:
            TypeError, ValueError: `batches_done` is no integer, or no number that this epoch can have reached.
        """
        done = self._position if batches_done is None else self._checked_done(batches_done)
        plan = self.plan.identity if isinstance(self.plan, StoredPlan) else self.plan
        return self._own_values() | {"epoch": self.epoch, "plan": plan, "position": done}

    def _own_values(self) -> dict:
        own = {"num_samples": self.num_samples, "batch_size": self.batch_size, "seed": self.seed}
        return own | {"selector": self.selector.described(identity=True)}

    def _checked_done(self, done: int) -> int:
        done = check_count("batches_done", done, 0, self._epoch_length)
        if done < self._start:
            raise ValueError(
                f"batches_done={done} must be >= {self._start}: the batches of this epoch done before load_state_dict count too"
            )
        if done and self.plan is None:
            raise ValueError(f"batches_done={done} must be 0 while epoch {self.epoch} has no plan")
        return done

    def load_state_dict(self, state: dict) -> None:
        """Continue from `state_dict()`: the next iteration yields the rest of the saved plan, also after `update`.

        Raises:
            TypeError, ValueError: the state was saved for another data size, batch size, seed or selector (of another class
                or with other arguments; `workers` may differ); it lacks an entry; or its epoch, plan or position is none
                that `state_dict` returns. The sampler then stays as it was.
        """
        check_state(state, self._own_values())
        plan = state["plan"]
        if self._stored is not None and plan == self._stored.identity:
            plan = self._stored
        elif plan is not None:
            check_plan(plan, self._epoch_length, self.batch_size, self.num_samples)
        epoch = check_count("epoch", state["epoch"], 0)
        done = check_count("position", state["position"], 0, 0 if plan is None else len(plan), "batches in the saved plan")
        self.epoch, self._passes = epoch, 0
        self._set_plan(plan, done, loaded=plan is not None)

    def _make_plan(self, select) -> None:
        if self._stored is not None:
            return self._set_plan(self._stored)
        generator = torch.Generator().manual_seed(derived_seed(self.seed, "plan", self.epoch))  # as `training.plan_epoch`
        self._set_plan(fill_epoch(select, self._epoch_length, generator))
