import numpy as np
import pytest

from replication.experiments.theory.objective import MeanBatchLoss, all_batches, full_batch
from replication.experiments.theory.proportionality import ratio_table


def test_ratio_scatters_between_zero_and_one():
    table = ratio_table([(4, 3)], draws=5)
    assert list(table.B) == [2, 3]
    assert (table.least_ratio < table.largest_ratio - 0.01).all()
    assert (table.least_ratio > 0).all()
    assert (table.largest_ratio < 1).all()  # a smaller batch has fewer negatives


def test_ratio_at_the_collapse_is_that_of_equal_embeddings():
    table = ratio_table([(5, 2)], draws=2)
    ones = np.ones((5, 1))
    for row in table.itertuples():
        ratio = MeanBatchLoss(all_batches(5, row.B), 5)(ones, ones)[0] / MeanBatchLoss(full_batch(5), 5)(ones, ones)[0]
        assert row.ratio_at_collapse == pytest.approx(ratio, abs=1e-14)


def test_one_draw_has_no_range():
    with pytest.raises(ValueError, match="draws=1 must be >= 2"):
        ratio_table([(4, 3)], draws=1)
