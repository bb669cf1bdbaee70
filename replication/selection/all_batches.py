"""Every batch there is: the family with which mini-batch training provably reaches the full-batch optimum."""

import math

import torch

from replication.selection.base import IndexSelector
from replication.validation import check_count


class AllBatches(IndexSelector):
    """All C(N, B) batches, in lexicographic order: Theorem 4 of the paper. For small N only.

    Args:
        batch_size: samples in a batch, B >= 1.
        max_batches: refuse to build more batches than this.

    Raises:
        ValueError: `batch_size` below 1; from `select`, C(N, B) above `max_batches`.
    """

    def __init__(self, batch_size: int, max_batches: int = 1_000_000):
        self.batch_size = check_count("batch_size", batch_size, 1)
        self.max_batches = check_count("max_batches", max_batches, 1)

    def _plan(self, num_samples, generator):
        count = math.comb(num_samples, self.batch_size)
        if count > self.max_batches:
            raise ValueError(
                f"N={num_samples} samples have {count:,} batches of {self.batch_size}; max_batches={self.max_batches:,}"
            )
        return torch.combinations(torch.arange(num_samples, dtype=torch.int64, device="cpu"), r=self.batch_size)
