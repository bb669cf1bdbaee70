"""The plan of an epoch, dealt to the processes of a training."""

from collections.abc import Iterator
from itertools import islice

from torch import Tensor, distributed
from torch.utils.data import BatchSampler

from replication.selection import PlannedBatchSampler
from replication.validation import check_choice, check_count

SPLITS = ("rows", "batches")


class DealtBatches(BatchSampler):
    """The plan of an epoch as a batch sampler for trainers that deal batches to w processes.

    Accelerate, and transformers' `Trainer` through it, gives batch i to process i mod w. There are two ways to use that:

    - split="rows": the selector's batches are global ones, and each process gets an equal part of each. For losses that
      gather the embeddings of all processes: they see each chosen batch whole.
    - split="batches": each process gets whole batches of its own. For losses that do not gather. A loss that does sees w
      chosen batches as one. Where w does not divide the number of batches, the last few are left out.

    With Accelerate, made after the `Accelerator`, whose `split_batches` must stay False, the default:

        batches = DealtBatches(PlannedBatchSampler(selector, len(data)))
        loader = accelerator.prepare(DataLoader(data, batch_sampler=batches))
        for epoch in range(epochs):
            loader.set_epoch(epoch)
            batches.update(u, v)        # the embeddings of all samples; the plan of the first process counts
            for batch in loader: ...

    With `dispatch_batches` too. To resume in the middle of an epoch, save `state_dict(steps_done=n)` and load it: the next
    iteration begins after n steps. Or load `state_dict()` and use `skip_first_batches(loader, n)`; with `dispatch_batches`
    Accelerate counts the batches of all processes there, so skip n * w.

    Args:
        planned: makes the plan.
        split: "rows" or "batches"; the same for one process.
        processes: w. None: as many as torch.distributed has, 1 where it is not initialised.
        rank: None: all parts, one after the other, for whoever deals them out. A number: those of this process alone.

    Attributes:
        batch_size: samples that a process gets at once.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or out of range; global batches that w does not divide; or a
            sampler in the middle of an epoch.
    """

    drop_last = True

    def __init__(
        self, planned: PlannedBatchSampler, split: str = "rows", processes: int | None = None, rank: int | None = None
    ):
        if not isinstance(planned, PlannedBatchSampler):
            raise TypeError(f"planned is {type(planned).__name__}; it must be a PlannedBatchSampler")
        if planned.start:
            raise ValueError(
                f"planned begins after {planned.start} batches of its epoch; load a state into DealtBatches, not into planned"
            )
        self.planned = planned
        self.split = check_choice("split", split, SPLITS)
        self.processes = process_count() if processes is None else check_count("processes", processes, 1)
        self.rank = None if rank is None else check_count("rank", rank, 0, self.processes - 1, "processes - 1")
        whole = planned.batch_size
        if split == "rows" and whole % self.processes:
            raise ValueError(
                f"batch_size={whole} must be divisible by {self.processes}, the number of processes (split='rows')"
            )
        self.batch_size = whole // self.processes if split == "rows" else whole
        self.steps = planned.num_samples // whole // (self.processes if split == "batches" else 1)
        if not self.steps:
            raise ValueError(
                f"num_samples={planned.num_samples} gives no batch of {whole} to each of {self.processes} processes"
            )
        self.steps_done = 0  # steps that the next iteration leaves out
        self.sampler = self  # through this attribute Accelerate and Lightning call `set_epoch`

    def __len__(self) -> int:
        """Return the batches of an epoch, those that the next iteration leaves out among them."""
        return self.steps * (self.processes if self.rank is None else 1)

    def set_epoch(self, epoch: int) -> None:
        """Begin another epoch, which needs another plan; the same epoch again changes nothing."""
        if epoch != self.planned.epoch:
            self.steps_done = 0
        self.planned.set_epoch(epoch)

    def update(self, u: Tensor | None, v: Tensor | None = None, temperature: float | None = None) -> None:
        """Plan this epoch, as `PlannedBatchSampler.update`. All processes call it; what the first one plans holds for all."""
        if process_count() == 1:
            self.planned.update(u, v, temperature)
            return
        box = [None]
        if distributed.get_rank() == 0:
            self.planned.update(u, v, temperature)
            box = [self.planned.state_dict(batches_done=0)]
        distributed.broadcast_object_list(box)
        self.planned.load_state_dict(box[0])

    def __iter__(self) -> Iterator[list[int]]:
        done, self.steps_done = self.steps_done, 0
        batches = islice(self._parts(), done * self.processes, self.steps * self.processes)
        yield from batches if self.rank is None else islice(batches, self.rank, None, self.processes)

    def _parts(self) -> Iterator[list[int]]:
        """Yield what each process gets, one after the other, step by step; a plan on disk is never held whole."""
        for batch in self.planned:
            for first in range(0, len(batch), self.batch_size):
                yield batch[first : first + self.batch_size]

    def state_dict(self, steps_done: int = 0) -> dict:
        """Return the plan and its epoch, and how many steps of it the first iteration after loading leaves out."""
        done = check_count("steps_done", steps_done, 0, self.steps, "steps of an epoch")
        return {"planned": self.planned.state_dict(batches_done=0), "steps_done": done}

    def load_state_dict(self, state: dict) -> None:
        """Go on with a plan that `state_dict` returned; where all its steps are done, with the next epoch.

        Raises:
            TypeError, ValueError: as `PlannedBatchSampler.load_state_dict`; or more steps than an epoch has.
        """
        if not isinstance(state, dict) or not {"planned", "steps_done"} <= set(state):
            found = f"holds {', '.join(map(str, state))}" if isinstance(state, dict) and state else f"is {state!r}"
            raise ValueError(f"state must be what DealtBatches.state_dict returned, with planned and steps_done; it {found}")
        done = check_count("steps_done", state["steps_done"], 0, self.steps, "steps of an epoch")
        self.planned.load_state_dict(state["planned"])
        if done == self.steps:
            self.planned.set_epoch(self.planned.epoch + 1)
            done = 0
        self.steps_done = done


def process_count() -> int:
    """Return how many processes torch.distributed has, 1 where it is not initialised."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1
