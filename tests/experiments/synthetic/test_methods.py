"""The methods of the synthetic experiments follow the selectors, and an epoch is floor(N/B) updates for each of them."""

import pytest
import torch

from replication.experiments.synthetic.descent import Embeddings
from replication.experiments.synthetic.methods import make_method
from replication.selection import AllBatches, FixedBatches, FullBatch, OrderedSGD, ShuffledBatches, SpectralClustering
from replication.selection.registry import make_selector

METHODS = ["SGD", "OSGD", "SC", "SC (exp)", "full batch", "all batches", "fixed"]


class Recorder(Embeddings):
    """Embeddings that note before each update where they are, and on which batches [S, M, B] or [M, B] it is."""

    def step(self, blocks, lr):
        n = self.x.shape[2]
        batches = blocks.diagonal(dim1=-2, dim2=-1) // (n + 1)  # pair i stands at i * n + i of the flattened Gram matrix
        self.updates = [*getattr(self, "updates", []), (self.directions(), batches)]
        return super().step(blocks, lr)


def recorded(method, n, batch_size, seeds=3, epochs=2, d=4):
    """Return the updates of some epochs as (directions [2, S, N, d], batches); seed s draws from 100 + s."""
    embeddings = Recorder.random(n, d, seeds)
    generators = [torch.Generator().manual_seed(100 + seed) for seed in range(seeds)]
    epoch = make_method(method, batch_size, restarts=1)(n, batch_size, generators)
    for _ in range(epochs):
        epoch(embeddings, 0.5)
    return embeddings.updates


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "batch_size"), [(6, 2), (7, 2), (7, 3)])
def test_an_epoch_has_the_same_number_of_updates_for_every_method(method, n, batch_size):
    assert len(recorded(method, n, batch_size, epochs=2)) == 2 * (n // batch_size)


@pytest.mark.parametrize(("n", "batch_size"), [(6, 2), (7, 3)])
def test_osgd_takes_the_hardest_of_all_batches_at_each_update(n, batch_size):
    selector = OrderedSGD(batch_size, q=1, candidates="all")
    for (u, v), batches in recorded("OSGD", n, batch_size, epochs=4):
        expected = torch.stack([selector.select(u[seed], v[seed]) for seed in range(3)])
        assert torch.equal(batches, expected)


def test_osgd_breaks_ties_to_the_lowest_index():
    embeddings = Recorder(torch.eye(4, dtype=torch.float64).expand(2, 1, 4, 4).clone())  # all batches have one loss
    make_method("OSGD", 2)(4, 2, [torch.Generator()])(embeddings, 0.5)
    assert embeddings.updates[0][1].tolist() == [[[0, 1]]]


@pytest.mark.parametrize(
    ("method", "selector"),
    [
        ("SGD", ShuffledBatches(3)),
        ("SC", SpectralClustering(3, n_init=1)),
        ("SC (exp)", SpectralClustering(3, affinity="exp", n_init=1)),
    ],
)
def test_partitions_are_the_selectors_for_the_points_at_the_start_of_the_epoch(method, selector):
    n, per_epoch = 7, 2
    updates = recorded(method, n, 3, epochs=3)
    generators = [torch.Generator().manual_seed(100 + seed) for seed in range(3)]
    for first in range(0, len(updates), per_epoch):
        u, v = updates[first][0]
        for seed, generator in enumerate(generators):
            followed = torch.stack([batches[seed, 0] for _, batches in updates[first : first + per_epoch]])
            assert torch.equal(followed, selector.select(u[seed], v[seed], generator))


def test_fixed_batches_are_one_partition_for_each_seed():
    updates = recorded("fixed", 7, 2, epochs=3)
    for seed in range(3):
        plan = FixedBatches(2, seed).plan(7)
        assert torch.equal(torch.stack([batches[seed, 0] for _, batches in updates]), plan.repeat(3, 1))


@pytest.mark.parametrize(("method", "family"), [("full batch", FullBatch().plan(7)), ("all batches", AllBatches(3).plan(7))])
def test_whole_families_are_used_at_every_update(method, family):
    for _, batches in recorded(method, 7, 3):
        assert torch.equal(batches, family)


def test_wrong_methods_are_refused():
    with pytest.raises(ValueError, match=r"^method='Adam': 'Adam' is no name \(known: SGD, OSGD, SC, "):
        make_method("Adam", 2)
    with pytest.raises(ValueError, match=r"^batch_size=1 must be >= 2$"):
        make_method("SGD", 1)


@pytest.mark.parametrize("line", ["SwapSearch", "SwapSearch, hardness 0.5", "neighbours, skip 1", "balanced k-means"])
def test_any_line_is_a_method_that_plans_each_epoch_with_its_selector(line):
    updates = recorded(line, 8, 2, seeds=2, epochs=1)
    directions = updates[0][0]
    for seed in range(2):
        selector = make_selector(line, 8, 2, 1.0, None, None)
        expected = selector.select(*directions[:, seed], torch.Generator().manual_seed(100 + seed))
        assert torch.equal(torch.cat([batches[seed] for _, batches in updates]), expected)
