"""GraphPartition: whole weights against the dense ones, repaired sizes against a slow search, a missing METIS, recovery."""

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
    ],
)
def test_wrong_parameters(arguments, kind, message):
    with pytest.raises(kind, match=message):
        GraphPartition(4, **arguments)
