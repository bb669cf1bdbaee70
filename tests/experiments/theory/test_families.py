import numpy as np
import pytest

from replication.experiments.theory.families import family_row, figure_1b_families, never_together_table, pair_subsets_table
from replication.experiments.theory.optima import optimal_loss


def test_all_pairs_keep_the_simplex():
    row = family_row("all", figure_1b_families()["all 6 batches"], 4, 3, starts=3)
    assert row["two_design"]
    assert abs(row["excess"]) < 1e-10
    assert row["etf_distance"] < 1e-5
    assert row["loss_at_etf"] == pytest.approx(optimal_loss(4, 3, 2), abs=1e-13)


def test_fixed_pairs_become_antipodes_of_their_own():
    """Each batch of two is optimal by itself: u_1 = -u_2 and u_3 = -u_4."""
    row = family_row("fixed", figure_1b_families()["2 fixed batches"], 4, 3, starts=3)
    assert row["best_loss"] == pytest.approx(2 * np.log1p(np.exp(-2)), abs=1e-10)
    assert row["excess"] > 0.2
    assert (row["least_pair_count"], row["largest_pair_count"]) == (0, 1)


def test_every_subset_of_three_pairs_is_counted_and_has_another_optimum():
    table = pair_subsets_table(3, 2, starts=3)
    assert len(table) == 2**3 - 2
    assert table.family.is_unique
    assert (table.excess > 1e-3).all()
    assert (table.gradient_at_etf > 1e-3).all()


def test_samples_that_never_meet_end_in_the_same_place():
    table = never_together_table([(4, 3)], starts=3)
    row = table.iloc[0]
    assert (row.batches, row.possible, row.least_pair_count) == (2, 4, 0)
    # Samples 0 and 1 coincide; each batch is then an equilateral triangle.
    assert row.best_loss == pytest.approx(optimal_loss(3, 2, 3), abs=1e-9)
