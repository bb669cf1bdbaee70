"""Random batches: plain SGD, the baseline of the paper."""

import torch

from replication.selection.base import IndexSelector, random_order, shuffled_rows
from replication.validation import check_count, check_flag


class ShuffledBatches(IndexSelector):
    """floor(N/B) random batches: SGD without replacement, or with.

    Args:
        batch_size: samples in a batch, B >= 1.
        replacement: False: a random partition, what every DataLoader does with shuffle=True (the paper's algorithm 4).
            True: every batch is drawn independently from all C(N, B) (algorithm 3), so a sample may come in several
            batches or in none.

    Example:
        >>> import torch
        >>> ShuffledBatches(2).plan(6, torch.Generator().manual_seed(0)).shape
        torch.Size([3, 2])

    Raises:
        ValueError: `batch_size` below 1.
    """

    def __init__(self, batch_size: int, replacement: bool = False):
        self.batch_size = check_count("batch_size", batch_size, 1)
        self.replacement = check_flag("replacement", replacement)

    def _plan(self, num_samples, generator):
        if not self.replacement:
            return shuffled_rows(num_samples, self.batch_size, generator)
        return independent_rows(num_samples // self.batch_size, num_samples, self.batch_size, generator)


def independent_rows(rows: int, num_samples: int, batch_size: int, generator) -> torch.LongTensor:
    """Return `rows` batches [rows, B], each drawn uniformly from all C(N, B), independently of the others."""
    if rows * num_samples <= 2**22:
        keys = torch.rand(rows, num_samples, generator=generator, dtype=torch.float32, device="cpu")
        return keys.argsort(dim=1)[:, :batch_size].clone()
    return torch.stack([random_order(num_samples, generator)[:batch_size] for _ in range(rows)])
