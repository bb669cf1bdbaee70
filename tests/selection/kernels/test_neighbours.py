"""Neighbours against a full sort; and the contract that every selector built on similarity keeps."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import mini_batch_loss
from replication.selection import ShuffledBatches
from replication.selection.balanced_kmeans import BalancedKMeans
from replication.selection.gcbs import GCBS
from replication.selection.graph_partition import GraphPartition
from replication.selection.kernels.neighbours import (
    nearest_neighbours,
    neighbour_graph,
    neighbours_among_some,
    similarity_factors,
)
from replication.selection.mixed import MixedBatches
from replication.selection.nearest_neighbour import NearestNeighbour
from replication.selection.random_walk import RandomWalk

# k-means says so when it finds fewer distinct points than clusters, which duplicates make on purpose here.
pytestmark = pytest.mark.filterwarnings("ignore:Number of distinct clusters")

SELECTORS = {
    "balanced k-means": lambda batch_size: BalancedKMeans(batch_size, branching=3),
    "graph partition": GraphPartition,
    "graph partition, communities": lambda batch_size: GraphPartition(batch_size, communities=1 if batch_size < 4 else 2),
    "gcbs": GCBS,
    "nearest neighbour": NearestNeighbour,
    "random walk": lambda batch_size: RandomWalk(batch_size, neighbours=8),
    "half balanced k-means": lambda batch_size: MixedBatches(BalancedKMeans(batch_size), 0.5),
}
every_selector = pytest.mark.parametrize("name", SELECTORS)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def embeddings(n, d=3, seed=0, dtype=torch.float64):
    g = generator(seed)
    return [torch.randn(n, d, generator=g, dtype=torch.float64).to(dtype) for _ in range(2)]


def unit_embeddings(n, d=3, seed=0):
    return [torch.nn.functional.normalize(x, dim=1) for x in embeddings(n, d, seed)]


def clustered(groups, size, dimensions=16, noise=0.6, seed=0):
    """Return two noisy views of samples around common centres, and the group of each sample, in random order."""
    g = generator(seed)
    label = torch.arange(groups).repeat(size)[torch.randperm(groups * size, generator=g)]
    sample = torch.randn(groups, dimensions, generator=g)[label] + noise * torch.randn(len(label), dimensions, generator=g)
    views = (sample + 0.3 * noise * torch.randn(sample.shape, generator=g) for _ in range(2))
    return *(torch.nn.functional.normalize(view, dim=1) for view in views), label


def assert_partition(plan, n, batch_size):
    assert plan.dtype == torch.int64
    assert plan.device.type == "cpu"
    assert plan.shape == (n // batch_size, batch_size)
    assert plan.unique().numel() == plan.numel()
    assert plan.min() >= 0 and plan.max() < n


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 30), count=st.integers(1, 29), block=st.integers(1, 200), seed=st.integers(0, 10**6))
def test_neighbours_equal_a_full_sort_in_blocks_of_any_size(n, count, block, seed):
    count = min(count, n - 1)
    u, v = unit_embeddings(n, seed=seed)
    similarity = (u @ v.T + v @ u.T).fill_diagonal_(-torch.inf)
    expected = similarity.argsort(dim=1, descending=True)[:, :count]
    assert torch.equal(nearest_neighbours(u, v, count, block), expected)
    left, right = similarity_factors(u, v)
    torch.testing.assert_close((left @ right.T).fill_diagonal_(-torch.inf), similarity)


def test_the_graph_joins_two_samples_if_either_is_a_neighbour_of_the_other():
    u, v = unit_embeddings(20)
    near = nearest_neighbours(u, v, 3).tolist()
    expected = [[int(j in near[i] or i in near[j]) for j in range(20)] for i in range(20)]
    assert neighbour_graph(u, v, 3).toarray().tolist() == expected
    assert np.array_equal(neighbour_graph(u, v, 99).toarray(), 1 - np.eye(20))


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 30), count=st.integers(1, 29), skip=st.integers(0, 28), seed=st.integers(0, 10**6))
def test_the_nearest_can_be_skipped(n, count, skip, seed):
    skip = min(skip, n - 2)
    count = min(count, n - 1 - skip)
    u, v = unit_embeddings(n, seed=seed)
    expected = (u @ v.T + v @ u.T).fill_diagonal_(-torch.inf).argsort(dim=1, descending=True)[:, skip : skip + count]
    assert torch.equal(nearest_neighbours(u, v, count, skip=skip), expected)


@pytest.mark.parametrize(("skip", "taken"), [(0, 3), (5, 3), (18, 1), (19, 0), (30, 0)])
@pytest.mark.parametrize("mutual", [False, True])
def test_a_graph_without_the_nearest_and_of_mutual_neighbours(skip, taken, mutual):
    u, v = unit_embeddings(20)
    order = (u @ v.T + v @ u.T).fill_diagonal_(-torch.inf).argsort(dim=1, descending=True)[:, :19]
    near = order[:, skip : skip + 3].tolist()
    assert all(len(row) == taken for row in near)
    join = all if mutual else any
    expected = [[int(join((j in near[i], i in near[j]))) for j in range(20)] for i in range(20)]
    graph = neighbour_graph(u, v, 3, skip, mutual)
    assert graph.toarray().tolist() == expected and graph.nnz == np.sum(expected)


@pytest.mark.parametrize("count", [0, 20])
def test_neighbours_that_do_not_exist_are_an_error(count):
    with pytest.raises(ValueError, match=rf"^count={count} must be >= 1 and <= 19 \(the number of other samples\)$"):
        nearest_neighbours(*unit_embeddings(20), count)
    limits = r">= 1 and <= 15 \(the number of other samples after those to skip\)"
    with pytest.raises(ValueError, match=rf"^count=16 must be {limits}$"):
        nearest_neighbours(*unit_embeddings(20), 16, skip=4)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 40), count=st.integers(1, 39), block=st.integers(1, 50), seed=st.integers(0, 10**6))
def test_where_all_are_candidates_the_neighbours_are_the_nearest(n, count, block, seed):
    count = min(count, n - 1)
    u, v = unit_embeddings(n, seed=seed)
    assert torch.equal(neighbours_among_some(u, v, n, count, generator(seed), block), nearest_neighbours(u, v, count))


def test_among_some_candidates_each_other_pair_has_the_same_chance_to_be_one():
    """60 pairs, 20 candidates, the 19 nearest of them kept: each of the 20 nearest of all is in a third of 300 lists.

    Farther ones are now and then the farthest candidate, which is not kept where the pair itself is no candidate.
    """
    u, v = unit_embeddings(60)
    similarity = u @ v.T + v @ u.T
    nearest, counts = nearest_neighbours(u, v, 20), torch.zeros(60, 60)
    for seed in range(300):
        near = neighbours_among_some(u, v, 20, 19, generator(seed), block=7)
        counts += torch.zeros(60, 60).scatter_(1, near, 1)
        assert (similarity.gather(1, near).diff(dim=1) <= 1e-12).all()
    assert counts.sum() == 300 * 60 * 19 and (counts.diagonal() == 0).all()
    counts = counts.gather(1, nearest)
    assert counts.min() > 59 and counts.max() < 141  # five standard errors of one count are 41
    assert counts.mean() == pytest.approx(100, abs=3)


def test_pairs_of_a_block_share_their_candidates_and_blocks_do_not():
    u, v = unit_embeddings(40)
    near = neighbours_among_some(u, v, 6, 5, generator(), block=10).view(4, -1)
    sets = [set(row.tolist()) for row in near]
    assert all(len(one) <= 6 for one in sets) and len({frozenset(one) for one in sets}) == 4


def test_wrong_numbers_of_candidates_are_errors():
    for candidates, count, message in [
        (21, 3, r"^candidates=21 must be >= 2 and <= 20 \(the number of samples\)$"),
        (1, 1, r"^candidates=1 must be >= 2 and <= 20"),
        (5, 5, r"^count=5 must be >= 1 and <= 4 \(candidates - 1\)$"),
    ]:
        with pytest.raises(ValueError, match=message):
            neighbours_among_some(*unit_embeddings(20), candidates, count, None)


@every_selector
@settings(max_examples=15, deadline=None)
@given(n=st.integers(2, 50), batch_size=st.integers(2, 10), d=st.integers(1, 5), seed=st.integers(0, 10**6))
def test_every_plan_is_an_even_partition_that_the_generator_decides(name, n, batch_size, d, seed):
    batch_size = min(batch_size, n)
    u, v = embeddings(n, d, seed)
    selector = SELECTORS[name](batch_size)
    plan = selector.select(u, v, generator(seed))
    assert_partition(plan, n, batch_size)
    assert torch.equal(plan, selector.select(u, v, generator(seed)))


@every_selector
@pytest.mark.parametrize("kind", ["identical", "duplicates", "orthogonal", "antipodal views"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_degenerate_data_give_valid_plans(name, kind, dtype):
    u = {
        "identical": torch.ones(14, 3),
        "duplicates": torch.eye(3)[torch.arange(14) % 3],
        "orthogonal": torch.eye(14),
        "antipodal views": torch.eye(3)[torch.arange(14) % 3],
    }[kind].to(dtype)
    v = -u if kind == "antipodal views" else u
    for batch_size in (2, 4, 7):
        assert_partition(SELECTORS[name](batch_size).select(u, v, generator()), 14, batch_size)
    for batch_size in (8, 14):  # one batch
        assert_partition(SELECTORS[name](batch_size).select(u, v, generator()), 14, batch_size)


@every_selector
def test_left_over_samples_differ_and_no_second_view_means_the_first(name):
    u, _ = embeddings(10)
    selector = SELECTORS[name](4)
    plans = [selector.select(u, generator=generator(seed)) for seed in range(10)]
    assert len({frozenset(plan.flatten().tolist()) for plan in plans}) > 5
    assert torch.equal(plans[0], selector.select(u, u.clone(), generator(0)))


@every_selector
def test_norms_do_not_matter(name):
    u, v = embeddings(40)
    scaled = u * torch.tensor([0.25, 1, 2, 1024]).repeat(10)[:, None].to(u.dtype)  # powers of two: exact
    selector = SELECTORS[name](4)
    assert torch.equal(selector.select(u, v, generator()), selector.select(scaled, v, generator()))


@every_selector
def test_batches_of_clustered_data_are_harder_than_shuffled_ones(name):
    u, v, _ = clustered(groups=12, size=20)
    shuffled = mini_batch_loss(u, v, ShuffledBatches(8).plan(240, generator()), 0.1)
    loss = mini_batch_loss(u, v, SELECTORS[name](8).select(u, v, generator()), 0.1)
    assert loss > shuffled + 0.3


@pytest.mark.parametrize("selector", [BalancedKMeans(6), GraphPartition(6), GCBS(6, 5), NearestNeighbour(6)])
def test_well_separated_groups_of_the_size_of_a_batch_are_recovered(selector):
    u, v, label = clustered(groups=25, size=6, noise=0.1)
    plan = selector.select(u, v, generator())
    together = (label[plan][:, :, None] == label[plan][:, None, :]).sum() - plan.numel()
    assert together > 0.9 * 25 * 6 * 5


@every_selector
def test_the_order_of_the_rows_tells_nothing(name):
    """Data on a circle: of rows in spatial order each would lie close to the next, with a cosine near 1."""
    angle = 2 * torch.pi * torch.rand(400, generator=generator(1), dtype=torch.float64)
    u = torch.stack([angle.cos(), angle.sin()], dim=1)
    closeness = []
    for seed in range(8):
        plan = SELECTORS[name](4).select(u, generator=generator(seed))
        centre = u[plan].mean(dim=1)
        closeness.append((centre[1:] * centre[:-1]).sum(dim=1).mean())
    assert torch.stack(closeness).mean().abs() < 0.2


@pytest.mark.slow
def test_another_process_makes_the_same_plans():
    names = "BalancedKMeans, GCBS, GraphPartition, NearestNeighbour, RandomWalk"
    program = f"""
import torch
from replication.selection.balanced_kmeans import BalancedKMeans
from replication.selection.gcbs import GCBS
from replication.selection.graph_partition import GraphPartition
from replication.selection.nearest_neighbour import NearestNeighbour
from replication.selection.random_walk import RandomWalk
g = torch.Generator().manual_seed(0)
u, v = (torch.randn(300, 8, generator=g) for _ in range(2))
print([kind(7).select(u, v, g).tolist() for kind in ({names})])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, encoding="utf-8")
    g = generator()
    u, v = (torch.randn(300, 8, generator=g) for _ in range(2))
    kinds = (BalancedKMeans, GCBS, GraphPartition, NearestNeighbour, RandomWalk)
    plans = [kind(7).select(u, v, g).tolist() for kind in kinds]
    assert done.stdout.strip() == str(plans)


@every_selector
def test_wrong_data_and_sizes(name):
    u, v = embeddings(6)
    for pair, message in [
        ((u[:1], v[:1]), r"^u has shape \[1, 3\]; .* N >= 2"),
        ((u, v * torch.nan), r"^v has 6 of 6 rows with NaN"),
        ((0 * u, v), r"^u\[0\] is the zero vector"),
        ((u[:3], v[:3]), r"^batch_size=4 must be <= 3, the number of samples$"),
    ]:
        with pytest.raises(ValueError, match=message):
            SELECTORS[name](4).select(*pair)
    with pytest.raises(ValueError, match=r"^batch_size=1 must be >= 2$"):
        SELECTORS[name](1)
    with pytest.raises(TypeError, match=r"^batch_size=2.5 must be an integer$"):
        SELECTORS[name](2.5)
