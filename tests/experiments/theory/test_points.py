import numpy as np
import pytest

from replication.experiments.theory.points import polygon_rows, simplex_rows
from replication.geometry import simplex_etf


@pytest.mark.parametrize(("n", "d"), [(2, 1), (4, 3), (5, 9)])
def test_simplex_rows_have_the_gram_matrix_of_the_etf(n, d):
    rows = simplex_rows(n, d)
    assert rows.shape == (n, d)
    np.testing.assert_allclose(rows @ rows.T, simplex_etf(n), atol=1e-14)


def test_simplex_does_not_fit_into_too_few_dimensions():
    with pytest.raises(ValueError, match="n=5 must be >= 2 and <= 4"):
        simplex_rows(5, 3)


def test_doubled_pentagon_has_two_points_at_each_corner():
    rows = polygon_rows(10, 5, first_angle=0.3)
    cosines = np.sort(rows @ rows[0])
    corners = np.cos(2 * np.pi * np.arange(5) / 5)
    np.testing.assert_allclose(cosines, np.sort(np.repeat(corners, 2)), atol=1e-14)
    np.testing.assert_allclose(rows[0], [np.cos(0.3), np.sin(0.3)])


def test_corners_must_divide_the_number_of_points():
    with pytest.raises(ValueError, match="corners=4 must divide n=10"):
        polygon_rows(10, 4)
