"""Batches that never change."""

from pathlib import Path

import torch
from torch import Tensor

from replication.selection.base import IndexSelector, shuffled_rows
from replication.selection.stored_plan import StoredPlan
from replication.validation import check_count, check_has_values


class FixedBatches(IndexSelector):
    """The same batches at every call: a random partition drawn once from `seed`, or the batches you give.

    A fixed partition is the paper's negative example (figure 1(b)): each batch reaches an optimum of its own, and together
    they miss the full-batch optimum. `batches` is the way to train on any plan computed elsewhere.

    Args:
        batch_size: samples in a batch, B >= 1; left out if `batches` is given.
        seed: 0 to 2^63 - 1; decides the partition, and with it the N mod B samples that are left over for good; the generator
            passed to `select` is not used.
        batches: integer indices [M, B] to return as they are; or the folder of a plan that `ShardedSelector` has written.
            `PlannedBatchSampler` reads such a plan from disk, batch by batch; `select` returns it whole.

    Raises:
        TypeError, ValueError: a seed that is no integer >= 0; neither or both of `batch_size` and `batches`; batches
            that are not [M, B] of distinct indices >= 0 in each row; or a folder that holds no plan (see `StoredPlan`).
    """

    replays = True

    def __init__(self, batch_size: int | None = None, seed: int = 0, *, batches: Tensor | str | Path | None = None):
        if (batch_size is None) == (batches is None):
            raise ValueError(f"give either batch_size (got {batch_size}) or batches (got {type(batches).__name__})")
        self.seed = check_count("seed", seed, 0, 2**63 - 1)
        self.stored = StoredPlan(batches) if isinstance(batches, str | Path) else None
        self.batches = None if batches is None else self.stored or _checked(batches)
        if batches is None:
            self.batch_size = check_count("batch_size", batch_size, 1)
        else:
            self.batch_size = self.stored.batch_size if self.stored else self.batches.shape[1]

    def _arguments(self):
        arguments = super()._arguments()
        del arguments["batches" if self.batches is None else "batch_size"]
        return arguments

    def _plan(self, num_samples, generator):
        if self.batches is None:
            return shuffled_rows(num_samples, self.batch_size, torch.Generator().manual_seed(self.seed))
        if self.stored is not None:
            self.check_stored(num_samples)
            return self.stored.rows()
        if int(self.batches.max()) >= num_samples:
            raise ValueError(f"batches holds index {int(self.batches.max())}; indices must lie in 0..{num_samples - 1}")
        return self.batches.clone()

    def check_stored(self, num_samples: int) -> None:
        """Raise ValueError if the plan on disk is one of another number of samples."""
        if self.stored.num_samples != num_samples:
            found = self.stored.num_samples
            raise ValueError(f"the plan in {self.stored.folder} is one of {found} samples; the data has {num_samples}")


def _checked(batches: Tensor) -> Tensor:
    if isinstance(batches, Tensor):
        check_has_values("batches", batches)
    try:
        batches = torch.as_tensor(batches, device="cpu")
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"batches is {type(batches).__name__}; it must hold integers [M, B], rows of equal length") from None
    if batches.dtype not in (torch.int32, torch.int64) or batches.ndim != 2 or 0 in batches.shape:
        raise TypeError(f"batches is {batches.dtype} of shape {list(batches.shape)}; it must hold integers [M, B]")
    with torch.inference_mode(False):  # whatever is done with the tensor afterwards, and wherever it came from
        batches = batches.to(torch.int64, copy=True)
    ordered = batches.sort(dim=1).values
    if int(ordered[:, 0].min()) < 0 or bool((ordered[:, 1:] == ordered[:, :-1]).any()):
        raise ValueError("batches has a negative index or one twice in a row; each row must hold distinct indices >= 0")
    return batches
