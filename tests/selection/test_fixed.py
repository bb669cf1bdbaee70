"""Fixed batches: the same at every call, from a seed or as given."""

import pytest
import torch

from replication.selection import FixedBatches


def test_every_call_returns_the_same_batches():
    selector = FixedBatches(3, seed=4)
    plans = [selector.plan(11, torch.Generator().manual_seed(seed)) for seed in range(3)]
    assert all(torch.equal(plan, plans[0]) for plan in plans)
    assert torch.equal(plans[0], FixedBatches(3, seed=4).plan(11))
    assert not torch.equal(plans[0], FixedBatches(3, seed=5).plan(11))


def test_given_batches_come_back_and_cannot_be_changed_through_the_plan():
    batches = torch.tensor([[3, 0], [1, 2], [0, 1]], dtype=torch.int32)
    selector = FixedBatches(batches=batches)
    assert selector.batch_size == 2
    selector.plan(4).zero_()
    assert selector.plan(4).tolist() == batches.tolist()
    assert selector.plan(4).dtype == torch.int64
    with pytest.raises(ValueError, match=r"^batches holds index 3; indices must lie in 0..2$"):
        selector.plan(3)


@pytest.mark.parametrize(
    ("batches", "kind", "message"),
    [
        ([[0.0, 1.0]], TypeError, r"^batches is torch.float32 of shape \[1, 2\]; it must hold integers \[M, B\]$"),
        ([0, 1], TypeError, r"shape \[2\]"),
        ([[]], TypeError, r"shape \[1, 0\]"),
        ([[0, 1, 0]], ValueError, r"^batches has a negative index or one twice in a row"),
        ([[0, -1]], ValueError, r"^batches has a negative index"),
    ],
)
def test_wrong_batches(batches, kind, message):
    with pytest.raises(kind, match=message):
        FixedBatches(batches=torch.tensor(batches))


def test_exactly_one_of_batch_size_and_batches():
    with pytest.raises(ValueError, match=r"^give either batch_size \(got None\) or batches \(got NoneType\)$"):
        FixedBatches()
    with pytest.raises(ValueError, match=r"^give either batch_size \(got 2\) or batches \(got Tensor\)$"):
        FixedBatches(2, batches=torch.tensor([[0, 1]]))


def test_wrong_seeds():
    with pytest.raises(TypeError, match=r"^seed='a' must be an integer$"):
        FixedBatches(2, seed="a")
    with pytest.raises(ValueError, match=r"^seed=-1 must be >= 0 and <= 9223372036854775807$"):
        FixedBatches(2, seed=-1)
    with pytest.raises(ValueError, match=r"^seed=18446744073709551616 must be >= 0 and <= 9223372036854775807$"):
        FixedBatches(2, seed=2**64)


@pytest.mark.parametrize("batches", [[[0, 1], [2]], {0: [0, 1]}, [["a"]]])
def test_what_is_no_table_of_integers_is_one_line(batches):
    with pytest.raises(TypeError, match=r"^batches is (list|dict); it must hold integers \[M, B\], rows of equal length$"):
        FixedBatches(batches=batches)
