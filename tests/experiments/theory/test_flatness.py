import numpy as np
import pytest

from replication.experiments.theory.flatness import flat_directions
from replication.experiments.theory.minimise import best, minimise_many
from replication.experiments.theory.objective import MeanBatchLoss, all_batches, full_batch
from replication.experiments.theory.points import polygon_rows, simplex_rows


@pytest.mark.parametrize(("n", "d"), [(3, 2), (4, 3), (3, 5)])
def test_simplex_is_isolated_up_to_rotation(n, d):
    rows = simplex_rows(n, d)
    assert flat_directions(full_batch(n), rows, rows) == 0
    assert flat_directions(all_batches(n, 2), rows, rows) == 0


def test_polygon_is_isolated():
    rows = polygon_rows(5)
    assert flat_directions(full_batch(5), rows, rows) == 0


@pytest.mark.parametrize(("d", "expected"), [(2, 1), (3, 1)])
def test_two_fixed_batches_turn_against_each_other(d, expected):
    """Two pairs of antipodes: only the angle between the two lines is free, besides common rotations."""
    batches = np.array([[0, 1], [2, 3]])
    top = best(minimise_many(MeanBatchLoss(batches, 4), 4, d, starts=3))
    assert flat_directions(batches, top.u, top.v) == expected
