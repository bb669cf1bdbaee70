"""The batched program and the autograd program end at the same points (their times are not tested)."""

import pytest
import torch

from replication.experiments.synthetic.benchmark import autograd_descent, batched_descent, compare_speed


@pytest.mark.parametrize(("method", "n", "batch_size"), [("SGD", 6, 2), ("SGD", 7, 3), ("OSGD", 6, 2), ("SC", 6, 3)])
def test_both_programs_end_at_the_same_points(method, n, batch_size):
    problem = (method, n, 4, batch_size, 6, 2, 0.5)
    fast, slow = batched_descent(*problem), autograd_descent(*problem)
    assert fast.shape == (2, 2, n, 4)
    torch.testing.assert_close(fast, slow, rtol=0, atol=1e-10)


def test_the_table_of_times_is_complete_and_leaves_the_threads_as_they_were():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        table = compare_speed([1, 2], epochs=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert list(zip(table.method, table.seeds, strict=True)) == [(m, s) for m in ("SGD", "OSGD", "SC") for s in (1, 2)]
    assert (table["largest difference"] < 1e-10).all()
    assert (table[["batched (s)", "autograd (s)", "ratio"]] > 0).all(axis=None)
