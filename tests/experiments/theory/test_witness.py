import mpmath
import numpy as np
import pytest

from replication.experiments.theory.objective import MeanBatchLoss, all_batches
from replication.experiments.theory.points import simplex_rows
from replication.experiments.theory.witness import exact_mean_loss


@pytest.mark.parametrize("batch_size", [2, 3, 5])
def test_agrees_with_float64(batch_size):
    u, v = np.random.default_rng(0).standard_normal((2, 5, 3))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (u, v)]
    expected = MeanBatchLoss(all_batches(5, batch_size), 5)(*unit)[0]
    assert float(exact_mean_loss(u, v, batch_size)) == pytest.approx(expected, abs=1e-14)


def test_has_fifty_digits():
    """Antipodes have the loss 2 log(1 + exp(-2)), here with rows whose float64 form is exact."""
    rows = np.array([[3.0, 4.0], [-3.0, -4.0]])
    with mpmath.workdps(50):
        assert abs(exact_mean_loss(rows, rows, 2) - 2 * mpmath.log1p(mpmath.exp(-2))) < mpmath.mpf(10) ** -47


def test_float64_rows_miss_the_simplex_only_to_second_order():
    rows = simplex_rows(4, 3)
    with mpmath.workdps(50):
        expected = 2 * mpmath.log(1 + 2 * mpmath.exp(-mpmath.mpf(4) / 3))
        assert 0 <= exact_mean_loss(rows, rows, 3) - expected < mpmath.mpf(10) ** -29
