import numpy as np
import pytest

from replication.experiments.theory.objective import all_batches
from replication.experiments.theory.optima import optima_table, optimal_loss
from replication.geometry import cross_polytope, simplex_etf


def loss_of_gram(gram, batch_size):
    """The definition, batch by batch, from inner products alone."""
    total = []
    for batch in all_batches(len(gram), batch_size):
        block = gram[np.ix_(batch, batch)]
        rows, columns = np.log(np.exp(block).sum(axis=1)), np.log(np.exp(block).sum(axis=0))
        total.append(np.mean(rows + columns - 2 * np.diag(block)))
    return np.mean(total)


@pytest.mark.parametrize(("n", "d", "gram"), [(5, 4, simplex_etf(5)), (4, 7, simplex_etf(4)), (6, 3, cross_polytope(6))])
def test_closed_form_is_the_loss_of_the_theorems_gram_matrix(n, d, gram):
    for size in range(2, n + 1):
        assert optimal_loss(n, d, size) == pytest.approx(loss_of_gram(gram.numpy(), size), abs=1e-13)


def test_no_closed_form_outside_the_theorems():
    with pytest.raises(ValueError, match=r"\(N, d\)=\(5, 2\) has no known optimum"):
        optimal_loss(5, 2, 2)


@pytest.mark.parametrize(("case", "restriction"), [((4, 3), "none"), ((4, 2), "none"), ((6, 3), "antipodal")])
def test_search_agrees_with_the_theorems(case, restriction):
    table = optima_table([case], starts=4, restriction=restriction)
    assert list(table.B) == list(range(2, case[0] + 1))
    assert (table.excess.abs() < 1e-10).all()
    assert (table[["gram_distance", "u_minus_v"]].max() < 1e-5).all()
