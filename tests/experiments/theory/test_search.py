import numpy as np
import pandas as pd
import pytest

from replication.experiments.theory.minimise import Solution
from replication.experiments.theory.search import COINCIDE, DIFFER, friendliest_optimum, search, sizes, summary


def test_sizes_are_those_without_an_etf():
    assert sizes(5, 3) == [(4, 2), (5, 2), (5, 3)]


@pytest.fixture(scope="module")
def found():
    return search([(4, 2), (8, 2)], [2, 5], starts=3)


def test_cross_polytope_coincides_and_octagon_does_not(found):
    table = found[0].set_index(["N", "d", "B"])
    assert list(table.index) == [(4, 2, 2), (8, 2, 2), (8, 2, 5)]
    assert list(table.verdict) == [COINCIDE, DIFFER, COINCIDE]
    assert table.theorem[4, 2, 2] == "N = 2d"
    assert table.gap1[8, 2, 2] == pytest.approx(4.45e-4, rel=0.01)
    assert (table[["gap1", "gap2"]] > -1e-9).all(axis=None)


def test_points_belong_to_their_rows(found):
    table, points = found
    gaps = {(point["N"], point["d"], point["B"]): point["gap1"] for point in points}
    for row in table.itertuples():
        assert gaps[row.N, row.d, row.B] == pytest.approx(row.gap1, abs=1e-12)
    assert np.shape(points[0]["full_u"]) == (points[0]["N"], points[0]["d"])


def test_result_does_not_depend_on_the_number_of_workers(found):
    table, points = search([(4, 2), (8, 2)], [2, 5], starts=3, workers=2)
    pd.testing.assert_frame_equal(table, found[0], check_exact=True)
    assert points == found[1]


def test_summary_counts_only_sizes_outside_the_theorems(found):
    table = summary(found[0])
    assert table.set_index("B")[DIFFER].to_dict() == {2: 1, 5: 0}
    assert table[[DIFFER, COINCIDE]].sum(axis=None) == 2


def test_friendliest_optimum_moves_along_a_family_of_optima():
    """The first loss pins u_1 to v_1 and leaves their common direction free; the second wants u_1 to point along axis 0."""

    def aligned(u, v):
        return float(((u - v) ** 2).sum()), 2 * (u - v), 2 * (v - u)

    def along_axis(u, v):
        slope = np.zeros_like(u)
        slope[0, 0] = -1
        return -float(u[0, 0]), slope, np.zeros_like(v)

    rows = np.array([[0.6, 0.8], [0.0, 1.0]])
    point, worst = friendliest_optimum(aligned, [Solution(0.0, 0.0, rows, rows)], along_axis)
    assert worst == pytest.approx(-0.6)
    assert point.u[0, 0] == pytest.approx(1, abs=1e-6)
    assert point.loss < 1e-10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"workers": 0}, "workers=0"),
        ({"starts": 0}, "starts=0"),
        ({"batch_sizes": [1]}, "batch_size=1"),
        ({"cases": []}, "nothing to compare"),
        ({"batch_sizes": [4]}, "nothing to compare"),
    ],
)
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        search(**({"cases": [(4, 2)], "batch_sizes": [2], "starts": 1} | change))
