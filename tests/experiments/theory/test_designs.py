from math import comb

import numpy as np
import pytest
import torch

from replication.experiments.theory.designs import (
    affine_plane_9,
    complement,
    design_6_3_2,
    design_table,
    fano_plane,
    named_families,
    random_families,
)
from replication.geometry import pair_counts


@pytest.mark.parametrize(
    ("batches", "n", "blocks", "together"), [(fano_plane(), 7, 7, 1), (design_6_3_2(), 6, 10, 2), (affine_plane_9(), 9, 12, 1)]
)
def test_designs_are_designs(batches, n, blocks, together):
    assert batches.shape == (blocks, 3)
    assert len({tuple(batch) for batch in batches.tolist()}) == blocks
    counts = pair_counts(torch.from_numpy(batches), n).numpy()
    assert (counts[np.triu_indices(n, 1)] == together).all()


def test_complement_has_the_other_batches():
    rest = {tuple(batch) for batch in complement(fano_plane(), 7).tolist()}
    assert len(rest) == comb(7, 3) - 7
    assert not rest & {tuple(batch) for batch in fano_plane().tolist()}


def test_exactly_the_two_designs_keep_the_full_batch_optimum():
    small = [family for family in named_families() if family[2] < 9]
    table = design_table(small + random_families([7, 28], draws=1), starts=2)
    assert table.two_design.sum() == 5
    assert (table.excess[table.two_design].abs() < 1e-10).all()
    assert (table.excess[~table.two_design] > 1e-3).all()


def test_random_families_are_distinct_batches_and_repeatable():
    first, again = (random_families([14], draws=2, seed=1) for _ in range(2))
    for (name, batches, _), (other, same, _) in zip(first, again, strict=True):
        assert name == other
        assert (batches == same).all()
        assert len({tuple(batch) for batch in batches.tolist()}) == 14
