"""GraphPartition: whole weights against the dense ones, repaired sizes against a slow search, a missing METIS, recovery.

And B3: which ranks are joined, communities that stay whole, and what its defaults are.
"""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from replication.selection.graph_partition import LARGEST_WEIGHT, GraphPartition, metis_parts, repair_sizes
from replication.selection.kernels.neighbours import neighbour_graph, similarity_factors
from replication.selection.weights import edge_weights


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def unit_embeddings(n, d=3, seed=0):
    g = generator(seed)
    return [torch.nn.functional.normalize(torch.randn(n, d, generator=g, dtype=torch.float64), dim=1) for _ in range(2)]


@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.001])
def test_the_graph_has_whole_symmetric_weights_in_the_order_of_w(temperature):
    u, v = unit_embeddings(40)
    graph = GraphPartition(8, neighbours=5, temperature=temperature)._weighted_graph(u, v)
    weights = graph.toarray()
    assert weights.dtype == np.int32
    assert weights.max() == LARGEST_WEIGHT
    assert np.array_equal(weights, weights.T)
    edges = neighbour_graph(u, v, 5).toarray() > 0
    assert np.array_equal(weights > 0, edges)
    dense = edge_weights(u, v, 8, temperature).numpy()[edges]
    np.testing.assert_allclose(weights[edges], np.maximum(1, dense / dense.max() * LARGEST_WEIGHT), atol=0.51)


@settings(max_examples=40, deadline=None)
@given(parts=st.integers(2, 8), size=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_any_sizes_are_repaired_and_samples_leave_only_parts_that_are_too_large(parts, size, seed):
    rng = np.random.default_rng(seed)
    before = rng.integers(0, parts, size=parts * size)
    left, right = (x.numpy() for x in similarity_factors(*unit_embeddings(parts * size, seed=seed)))
    after = repair_sizes(before, parts, left, right)
    counts = np.bincount(before, minlength=parts)
    assert (np.bincount(after, minlength=parts) == size).all()
    moved = before != after
    assert moved.sum() == np.maximum(counts - size, 0).sum()
    assert (counts[before[moved]] > size).all() and (counts[after[moved]] < size).all()


@settings(max_examples=40, deadline=None)
@given(parts=st.integers(2, 8), samples=st.integers(8, 40), seed=st.integers(0, 10**6))
def test_sizes_that_do_not_come_out_even_differ_by_one_in_favour_of_the_largest_parts(parts, samples, seed):
    before = np.random.default_rng(seed).integers(0, parts, size=samples)
    left, right = (x.numpy() for x in similarity_factors(*unit_embeddings(samples, seed=seed)))
    counts = np.bincount(before, minlength=parts)
    sizes = np.bincount(repair_sizes(before, parts, left, right), minlength=parts)
    assert sorted(sizes, reverse=True) == [samples // parts + (place < samples % parts) for place in range(parts)]
    assert counts[sizes == sizes.max()].min() >= counts[sizes == sizes.min()].max() or samples % parts == 0


@pytest.mark.parametrize("seed", range(10))
def test_each_move_is_the_best_one_out_of_its_part(seed):
    u, v = unit_embeddings(20, seed=seed)
    before = np.array([0] * 7 + [1] * 3 + [2] * 4 + [3] * 6)
    similarity = (u @ v.T + v @ u.T).fill_diagonal_(0).numpy()

    def after(part, sample, target):
        return np.where(np.arange(20) == sample, target, part)

    def inside(part):
        return sum(similarity[np.ix_(part == c, part == c)].sum() for c in range(4))

    expected = before
    for source in (0, 0, 3):
        small = np.flatnonzero(np.bincount(expected) < 5)
        moves = [after(expected, sample, target) for sample in np.flatnonzero(expected == source) for target in small]
        expected = max(moves, key=inside)
    repaired = repair_sizes(before, 4, *(x.numpy() for x in similarity_factors(u, v)))
    assert repaired.tolist() == expected.tolist()
    assert np.bincount(before).tolist() == [7, 3, 4, 6]


def test_metis_cuts_two_cliques_at_their_single_edge():
    block = np.ones((6, 6), dtype=np.int32) - np.eye(6, dtype=np.int32)
    adjacency = np.kron(np.eye(2, dtype=np.int32), block)
    adjacency[0, 11] = adjacency[11, 0] = 1
    part = metis_parts(csr_array(adjacency), 2, seed=1)
    assert sorted([part[:6].tolist(), part[6:].tolist()]) == [[0] * 6, [1] * 6]


def test_the_seed_decides_the_parts():
    graph = GraphPartition(8, neighbours=5)._weighted_graph(*unit_embeddings(200))
    assert np.array_equal(metis_parts(graph, 25, seed=1), metis_parts(graph, 25, seed=1))
    assert not np.array_equal(metis_parts(graph, 25, seed=1), metis_parts(graph, 25, seed=2))


@pytest.mark.parametrize(("groups", "batch_size"), [(4, 6), (12, 8), (40, 17)])
def test_well_separated_groups_are_recovered(groups, batch_size):
    g = generator(groups)
    label = torch.arange(groups).repeat(batch_size)[torch.randperm(groups * batch_size, generator=g)]
    u, v = (torch.eye(groups)[label] + 0.03 * torch.randn(len(label), groups, generator=g) for _ in range(2))
    plan = GraphPartition(batch_size, batch_size - 1, temperature=0.2).select(u, v, g)
    together = (label[plan][:, :, None] == label[plan][:, None, :]).sum() - plan.numel()
    assert together > 0.95 * groups * batch_size * (batch_size - 1)


def ranks(u, v):
    """Return the place [N, N] of each sample among the neighbours of each other, from 0, by a full sort."""
    similarity = (u @ v.T + v @ u.T).fill_diagonal_(-torch.inf)
    return similarity.argsort(dim=1, descending=True).argsort(dim=1).numpy()


@pytest.mark.parametrize(("neighbours", "skip"), [(None, 30), (7, 5), (None, 1), (40, 60)])
def test_where_some_are_skipped_the_next_ones_are_joined_if_that_is_mutual_by_edges_of_equal_weight(neighbours, skip):
    u, v = unit_embeddings(90)
    rank = ranks(u, v)
    asked = (rank >= skip) & (rank < skip + (neighbours or 100)) & ~np.eye(90, dtype=bool)
    graph = GraphPartition(8, neighbours, skip=skip)._weighted_graph(u, v).toarray()
    assert graph.dtype == np.int32
    assert np.array_equal(graph, asked & asked.T)


def test_mutual_and_weighted_can_be_asked_for_on_their_own():
    u, v = unit_embeddings(60)
    asked = (ranks(u, v) < 9) & ~np.eye(60, dtype=bool)
    mutual = GraphPartition(8, 9, 0.2, mutual=True)._weighted_graph(u, v).toarray()
    assert np.array_equal(mutual > 0, asked & asked.T) and mutual.max() == LARGEST_WEIGHT
    either = GraphPartition(8, 9, weighted=False)._weighted_graph(u, v).toarray()
    assert np.array_equal(either, asked | asked.T)


def test_what_none_means():
    u, v = unit_embeddings(300)
    for short, meant in [
        ({}, {"neighbours": 16, "mutual": False, "weighted": True}),
        ({"skip": 20}, {"skip": 20, "neighbours": 100, "mutual": True, "weighted": False}),
    ]:
        plans = [GraphPartition(10, **arguments).select(u, v, generator()) for arguments in (short, meant)]
        assert torch.equal(*plans)


@pytest.mark.parametrize(("communities", "sizes"), [(1, [12]), (2, [6, 6]), (3, [4, 4, 4]), (5, [3, 3, 2, 2, 2])])
def test_a_batch_is_made_of_whole_communities(communities, sizes):
    """40 batches' worth of separate groups as large as communities are: every batch holds `communities` of them."""
    g = generator(communities)
    group = torch.cat([torch.full((size,), batch * communities + c) for batch in range(40) for c, size in enumerate(sizes)])
    group = group[torch.randperm(480, generator=g)]
    u = torch.eye(40 * communities)[group] + 0.01 * torch.randn(480, 40 * communities, generator=g)
    plan = GraphPartition(12, neighbours=max(sizes) - 1, temperature=0.1, communities=communities).select(u, generator=g)
    assert plan.shape == (40, 12) and len(plan.unique()) == 480
    groups = [len(row.unique()) for row in group[plan]]
    assert np.mean(groups) < communities + 0.5  # chance: 11 or more


def test_communities_of_a_batch_are_drawn_at_random():
    """On a circle the communities of a batch lie apart: they are no neighbours more often than chance has it."""
    angle = 2 * torch.pi * torch.rand(800, generator=generator(), dtype=torch.float64)
    u = torch.stack([angle.cos(), angle.sin()], dim=1)
    spread = []
    for seed in range(5):
        plan = GraphPartition(10, communities=2).select(u, generator=generator(seed))
        centre = u[plan.view(80, 2, 5)].mean(dim=2)
        assert (centre.norm(dim=2) > 0.9).double().mean() > 0.9
        spread.append((centre[:, 0] * centre[:, 1]).sum(dim=1).mean())
    assert torch.stack(spread).mean().abs() < 0.15


def test_skipping_the_nearest_and_small_communities_keep_near_duplicates_apart():
    """60 samples, four near-duplicates of each. Not joined, they can still meet through neighbours that they have in common."""
    g = generator(3)
    sample = torch.arange(60).repeat(4)[torch.randperm(240, generator=g)]
    u = torch.randn(60, 6, generator=g, dtype=torch.float64)[sample] + 0.01 * torch.randn(240, 6, generator=g).double()

    def share(**arguments):
        plan = GraphPartition(8, temperature=0.1, **arguments).select(u, generator=g)
        return ((sample[plan][:, :, None] == sample[plan][:, None, :]).sum() - plan.numel()) / (plan.numel() * 3)

    assert share() > 0.9
    assert share(skip=3) < 0.25
    assert share(skip=3, communities=4) < 0.1 < share(communities=4)
    assert 0.4 < share(skip=3, neighbours=12) < 0.8


@pytest.mark.parametrize(("n", "batch_size", "skip"), [(15, 8, 7), (16, 4, 12), (23, 8, 15), (17, 8, 9)])
def test_where_nobody_is_joined_the_batches_are_random(n, batch_size, skip):
    plans = [GraphPartition(batch_size, 1, skip=skip).select(*unit_embeddings(n), generator(seed)) for seed in range(5)]
    assert all(plan.shape == (n // batch_size, batch_size) and len(plan.unique()) == plan.numel() for plan in plans)
    assert len({str(plan.sort().values.tolist()) for plan in plans}) == 5


def test_a_skip_that_no_batch_could_satisfy_is_an_error():
    with pytest.raises(ValueError, match=r"^skip=7 must be >= 0 and <= 6 \(N - batch_size\)$"):
        GraphPartition(4, skip=7).select(*unit_embeddings(10))


def test_without_pymetis_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymetis", None)
    with pytest.raises(ImportError) as error:
        GraphPartition(4)
    assert str(error.value) == 'GraphPartition needs pymetis: pip install "mini-batch-contrastive-replication[metis]"'


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"neighbours": 0}, ValueError, r"^neighbours=0 must be >= 1$"),
        ({"neighbours": "all"}, TypeError, r"^neighbours='all' must be an integer$"),
        ({"temperature": 0}, ValueError, r"^temperature=0 must be a finite number > 0$"),
        ({"skip": -1}, ValueError, r"^skip=-1 must be >= 0$"),
        ({"communities": 3}, ValueError, r"^communities=3 must be >= 1 and <= 2 \(half of batch_size\)$"),
        ({"communities": 0}, ValueError, r"^communities=0 must be >= 1 and <= 2 \(half of batch_size\)$"),
        ({"mutual": 1}, TypeError, r"^mutual=1 must be true or false$"),
        ({"weighted": "no"}, TypeError, r"^weighted='no' must be true or false$"),
    ],
)
def test_wrong_parameters(arguments, kind, message):
    with pytest.raises(kind, match=message):
        GraphPartition(4, **arguments)
