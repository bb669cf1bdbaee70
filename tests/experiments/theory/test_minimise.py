import numpy as np
import pytest

from replication.experiments.theory.minimise import best, minimise, minimise_many, tangent_gradient_norm
from replication.experiments.theory.objective import MeanBatchLoss, all_batches, full_batch
from replication.experiments.theory.points import simplex_rows


def test_reaches_a_stationary_point_on_the_spheres_below_the_start():
    objective = MeanBatchLoss(all_batches(5, 3), 5)
    u, v = np.random.default_rng(0).standard_normal((2, 5, 3))
    start = objective(*(x / np.linalg.norm(x, axis=1, keepdims=True) for x in (u, v)))[0]
    found = minimise(objective, u, v)
    assert found.loss < start - 0.1
    assert found.gradient_norm < 1e-6
    np.testing.assert_allclose(np.linalg.norm([found.u, found.v], axis=2), 1, atol=1e-14)
    assert found.loss == pytest.approx(objective(found.u, found.v)[0], abs=1e-14)


def test_two_points_on_a_line_end_as_antipodes():
    found = best(minimise_many(MeanBatchLoss(full_batch(2), 2), 2, 2, starts=2))
    np.testing.assert_allclose(found.gram, [[1, -1], [-1, 1]], atol=1e-6)
    assert found.loss == pytest.approx(2 * np.log1p(np.exp(-2)), abs=1e-12)


def test_antipodal_restriction_is_kept():
    found = minimise_many(MeanBatchLoss(full_batch(6), 6), 6, 4, starts=1, restriction="antipodal")[0]
    assert (found.u == found.v).all()
    assert (found.u[:3] == -found.u[3:]).all()


def test_starts_depend_only_on_seed_and_number():
    objective = MeanBatchLoss(full_batch(4), 4)
    few, many = (minimise_many(objective, 4, 2, starts, seed=3) for starts in (2, 4))
    assert all((a.u == b.u).all() and (a.v == b.v).all() for a, b in zip(few, many[:2], strict=True))
    assert not (many[0].u == minimise_many(objective, 4, 2, 1, seed=4)[0].u).all()
    assert not np.allclose(many[0].u, many[2].u)


def test_gradient_vanishes_at_the_simplex_for_all_batches_only():
    rows = simplex_rows(4, 3)
    assert tangent_gradient_norm(MeanBatchLoss(all_batches(4, 2), 4), rows, rows) < 1e-14
    assert tangent_gradient_norm(MeanBatchLoss(all_batches(4, 2)[1:], 4), rows, rows) > 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 5, "restriction": "antipodal"}, "n=5 must be even"),
        ({"restriction": "symmetric"}, "restriction='symmetric' must be one of"),
        ({"starts": 0}, "starts=0 must be >= 1"),
        ({"d": 0}, "d=0 must be >= 1"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    arguments = {"n": 4, "d": 2, "starts": 1} | change
    with pytest.raises(ValueError, match=message):
        minimise_many(MeanBatchLoss(full_batch(arguments["n"]), arguments["n"]), **arguments)
