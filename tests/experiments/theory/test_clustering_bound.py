from math import factorial

import numpy as np
import pytest
import torch

from replication.experiments.theory.clustering_bound import bound_table, even_partitions, partition_table, random_pairs
from replication.experiments.theory.objective import all_batches
from replication.losses import contrastive_loss


def test_bound_holds_and_is_tight_for_two_samples():
    table = bound_table([2, 5], [1.0, 0.1], draws=20)
    assert len(table) == 8
    assert (table.least_slack > -1e-12).all()
    assert (table.largest_slack[table["B"] == 2] < 1e-12).all()
    assert (table.largest_slack[table["B"] == 5] > 1e-3).all()


def test_slack_is_that_of_the_definition():
    u, v = random_pairs(3, 4, "independent", torch.Generator().manual_seed(0))
    z = (u @ v.T).numpy()
    bound = sum(
        np.log1p(2 * np.exp(z[i, j] - z[i, i])) + np.log1p(2 * np.exp(z[j, i] - z[i, i]))
        for i in range(3)
        for j in range(3)
        if i != j
    )
    row = bound_table([3], [1.0], draws=1, dimension=4).set_index("pairs").loc["independent"]
    assert row.least_slack == pytest.approx(float(contrastive_loss(u, v)) - bound / 6, abs=1e-11)


@pytest.mark.parametrize(("n", "size"), [(4, 2), (6, 2), (6, 3), (9, 3)])
def test_every_even_partition_comes_once(n, size):
    batches, partitions = all_batches(n, size), even_partitions(n, size)
    k = n // size
    assert len(partitions) == factorial(n) // (factorial(size) ** k * factorial(k))
    assert len({frozenset(row) for row in partitions.tolist()}) == len(partitions)
    assert (np.sort(batches[partitions].reshape(-1, n), axis=1) == np.arange(n)).all()


def test_uneven_partition_is_refused():
    with pytest.raises(ValueError, match="batch_size=3 must divide n=8"):
        even_partitions(8, 3)


def test_pairs_of_two_lose_nothing():
    table = partition_table([(6, 2), (6, 3)], seeds=2)
    assert (table.least_correlation[table["B"] == 2] > 1 - 1e-12).all()
    assert (table.largest_given_up[table["B"] == 2] == 0).all()
    assert table.largest_given_up.between(0, 1).all()


def test_aligned_pairs_are_close_and_independent_ones_are_not():
    generator = torch.Generator().manual_seed(0)
    cosine = {
        kind: float((u * v).sum(dim=1).mean())
        for kind in ("aligned", "independent")
        for u, v in [random_pairs(500, 16, kind, generator)]
    }
    assert cosine["aligned"] == pytest.approx(0.9, abs=0.02)
    assert abs(cosine["independent"]) < 0.05
