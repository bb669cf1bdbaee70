"""All samples as one batch: the reference that every mini-batch method is measured against."""

import torch

from replication.selection.base import IndexSelector


class FullBatch(IndexSelector):
    """One batch that holds all N samples, [1, N]: full-batch gradient descent on eq. (2) of the paper."""

    replays = True

    def _plan(self, num_samples, generator):
        return torch.arange(num_samples, dtype=torch.int64, device="cpu").view(1, num_samples)
