"""The processes of one training: a single one, or those that torchrun started."""

import os
from dataclasses import dataclass

import torch
from torch import LongTensor, Tensor, distributed

from replication.machine import device_or_best
from replication.validation import check_count


@dataclass(frozen=True)
class Processes:
    """This process among those of one training; the default is a training of a single process.

    Attributes:
        rank: from 0.
        count: w, how many there are.
        device: where this one computes.
    """

    rank: int = 0
    count: int = 1
    device: str = "cpu"

    def __post_init__(self):
        check_count("count", self.count, 1)
        check_count("rank", self.rank, 0, self.count - 1, "count - 1")

    def check_batch_size(self, batch_size: int) -> None:
        """Raise ValueError unless the global batch can be cut into equal parts."""
        if batch_size % self.count:
            raise ValueError(f"batch_size={batch_size} must be divisible by {self.count}, the number of processes")

    def share(self, batch: LongTensor) -> slice:
        """Return which places of a global batch [B] are this process's: r B/w up to (r + 1) B/w."""
        size = len(batch) // self.count
        return slice(self.rank * size, (self.rank + 1) * size)

    def sum(self, x: Tensor) -> Tensor:
        """Return the sum of all processes' `x`, in place."""
        if self.count > 1:
            distributed.all_reduce(x)
        return x

    def broadcast(self, value):
        """Return rank 0's `value`, plain values and tensors on the CPU."""
        if self.count == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]


def join_processes(device: str = "") -> Processes:
    """Return this process's place, after joining the others if torchrun started it; nccl on GPUs, gloo on CPUs.

    Args:
        device: "cpu", "cuda", or "": a GPU if there is one.
    """
    device = device_or_best(device)
    if "WORLD_SIZE" not in os.environ:
        return Processes(device=device)
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return Processes(distributed.get_rank(), distributed.get_world_size(), device)
