"""The full batch: all samples, once."""

import pytest
import torch

from replication.selection import FullBatch


@pytest.mark.parametrize("n", [2, 7])
def test_holds_every_sample_once(n):
    assert FullBatch().plan(n).tolist() == [list(range(n))]
    assert FullBatch().select(torch.ones(n, 3)).tolist() == [list(range(n))]


def test_one_sample_is_too_few():
    with pytest.raises(ValueError, match=r"^num_samples=1 must be >= 2$"):
        FullBatch().plan(1)
