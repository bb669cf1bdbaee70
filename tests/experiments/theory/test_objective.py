import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.experiments.theory.objective import MeanBatchLoss, all_batches, full_batch
from replication.losses import mini_batch_loss
from replication.selection import AllBatches


def random_rows(n, d, seed):
    rows = np.random.default_rng(seed).standard_normal((2, n, d))
    return rows / np.linalg.norm(rows, axis=2, keepdims=True)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(2, 7), d=st.integers(1, 5), seed=st.integers(0, 1000), data=st.data())
def test_value_and_gradient_equal_autograd_of_the_training_loss(n, d, seed, data):
    size = data.draw(st.integers(2, n))
    batches = all_batches(n, size)
    keep = data.draw(st.integers(1, len(batches)))
    batches = batches[np.random.default_rng(seed).permutation(len(batches))[:keep]]
    u, v = random_rows(n, d, seed)
    loss, of_u, of_v = MeanBatchLoss(batches, n)(u, v)
    left, right = (torch.tensor(x, requires_grad=True) for x in (u, v))
    expected = mini_batch_loss(left, right, torch.from_numpy(batches))
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-13)
    np.testing.assert_allclose(of_u, left.grad, atol=1e-13)
    np.testing.assert_allclose(of_v, right.grad, atol=1e-13)


def test_collapse_costs_twice_the_logarithm_of_the_batch_size():
    ones = np.ones((6, 1))
    for size in range(2, 7):
        assert MeanBatchLoss(all_batches(6, size), 6)(ones, ones)[0] == pytest.approx(2 * np.log(size), abs=1e-14)


def test_families_agree_with_the_selector():
    assert (all_batches(6, 3) == AllBatches(3).plan(6).numpy()).all()
    assert (all_batches(5, 5) == full_batch(5)).all()


@pytest.mark.parametrize("batches", [[[0, 3]], [[-1, 0]], [0, 1], [[]], [[1, 1]]])
def test_wrong_batches_are_refused(batches):
    with pytest.raises(ValueError, match="batches"):
        MeanBatchLoss(np.array(batches, dtype=int), 3)


def test_wrong_batch_size_is_refused():
    with pytest.raises(ValueError, match="batch_size=5 must be >= 2 and <= 4"):
        all_batches(4, 5)
