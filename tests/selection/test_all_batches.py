"""All batches: the same list as itertools gives, and a limit on how many."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.selection import AllBatches


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 9), size=st.integers(1, 9))
def test_equals_itertools(n, size):
    size = min(size, n)
    assert AllBatches(size).plan(n).tolist() == [list(batch) for batch in itertools.combinations(range(n), size)]


def test_too_many_batches_are_refused_before_any_are_built():
    with pytest.raises(ValueError, match=r"^N=200 samples have 2,535,650,040 batches of 5; max_batches=1,000,000$"):
        AllBatches(5).plan(200)
    assert len(AllBatches(2, max_batches=6).plan(4)) == 6
    with pytest.raises(ValueError, match=r"max_batches=5$"):
        AllBatches(2, max_batches=5).select(torch.ones(4, 1))
