"""Random batches drawn one by one where the table of random keys would be too large."""

import torch

from replication.selection.shuffled import independent_rows


def test_large_data_take_the_row_by_row_path():
    plan = independent_rows(5, 2**20, 3, torch.Generator().manual_seed(0))
    assert plan.shape == (5, 3)
    assert plan.unique().numel() == 15  # five triples out of a million: a coincidence is next to impossible
    assert torch.equal(plan, independent_rows(5, 2**20, 3, torch.Generator().manual_seed(0)))
