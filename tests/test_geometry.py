"""Distances to the optimal configurations against brute force, and the pair counts of known designs."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication import geometry
from replication.selection import AllBatches, FixedBatches

FANO_PLANE = torch.tensor([[0, 1, 2], [0, 3, 4], [0, 5, 6], [1, 3, 5], [1, 4, 6], [2, 3, 6], [2, 4, 5]])


def random_gram(n, d, seed):
    """Return the Gram matrix of independent random u and v: not symmetric, as in training."""
    generator = torch.Generator().manual_seed(seed)
    u, v = (torch.nn.functional.normalize(torch.randn(n, d, generator=generator, dtype=torch.float64)) for _ in range(2))
    return u @ v.T


def perfect_matchings(items):
    """Yield every way to pair up `items`."""
    if not items:
        yield []
        return
    first, *rest = items
    for position, partner in enumerate(rest):
        for others in perfect_matchings(rest[:position] + rest[position + 1 :]):
            yield [(first, partner), *others]


def brute_force_cross_polytope_distance(gram):
    distances = []
    for matching in perfect_matchings(list(range(len(gram)))):
        target = torch.eye(len(gram), dtype=gram.dtype)
        for i, j in matching:
            target[i, j] = target[j, i] = -1
        distances.append((gram - target).norm())
    return torch.stack(distances).min()


@pytest.mark.parametrize("n", [2, 3, 8])
def test_the_simplex_is_an_equiangular_tight_frame(n):
    values = torch.linalg.eigvalsh(geometry.simplex_etf(n))
    expected = torch.full((n,), n / (n - 1), dtype=torch.float64)
    expected[0] = 0
    torch.testing.assert_close(values, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("n", [2, 4, 10])
def test_the_cross_polytope_consists_of_the_coordinate_axes(n):
    axes = torch.eye(n // 2, dtype=torch.float64)
    points = torch.stack([axes, -axes], dim=1).view(n, n // 2)
    torch.testing.assert_close(geometry.cross_polytope(n), points @ points.T)


@pytest.mark.parametrize("n", [4, 6, 8])
@pytest.mark.parametrize("name", ["simplex_etf", "cross_polytope"])
def test_distances_vanish_at_the_optimum_under_relabelling_and_rotation(name, n):
    generator = torch.Generator().manual_seed(n)
    values, vectors = torch.linalg.eigh(getattr(geometry, name)(n))
    points = (vectors * values.clamp(min=0).sqrt())[torch.randperm(n, generator=generator)]
    rotation = torch.linalg.qr(torch.randn(n, n, generator=generator, dtype=torch.float64)).Q
    gram = (points @ rotation) @ (points @ rotation).T
    distances = geometry.distance_to_etf(gram), geometry.distance_to_cross_polytope(gram)
    zero, other = distances if name == "simplex_etf" else distances[::-1]
    assert zero < 1e-12
    assert other > 0.5


@settings(max_examples=25, deadline=None)
@given(n=st.sampled_from([4, 6, 8]), d=st.integers(1, 9), seed=st.integers(0, 10**6))
def test_the_matching_distance_equals_brute_force(n, d, seed):
    gram = random_gram(n, d, seed)
    torch.testing.assert_close(geometry.distance_to_cross_polytope(gram), brute_force_cross_polytope_distance(gram))


def test_the_matching_distance_is_exact_where_the_assignment_has_odd_cycles():
    """Two equilateral triangles: the cheapest assignment runs round each, which no matching can do."""
    gram = torch.eye(6, dtype=torch.float64) + 0.5
    for triangle in ([0, 1, 2], [3, 4, 5]):
        for i, j in itertools.permutations(triangle, 2):
            gram[i, j] = -0.5
    torch.testing.assert_close(geometry.distance_to_cross_polytope(gram), brute_force_cross_polytope_distance(gram))


def test_distances_of_a_stack_are_those_of_its_members():
    grams = torch.stack([random_gram(6, 3, seed) for seed in range(4)])
    for distance in (geometry.distance_to_etf, geometry.distance_to_cross_polytope):
        stacked = distance(grams.view(2, 2, 6, 6))
        torch.testing.assert_close(stacked.flatten(), torch.stack([distance(gram) for gram in grams]))


def test_the_released_distance_misses_mispaired_positives():
    n = 6
    target = geometry.simplex_etf(n)
    mispaired = target[torch.arange(n).roll(1)]  # v_i belongs to u_{i+1}: every positive pair is wrong
    assert geometry.distance_to_etf(mispaired) > 4
    assert geometry.released_row_wise_distance(mispaired, target) < 1e-12
    assert geometry.released_row_wise_distance(target, target) == 0


@settings(max_examples=20, deadline=None)
@given(n=st.sampled_from([4, 6]), seed=st.integers(0, 10**6))
def test_the_released_distance_never_falls_below_the_best_arrangement_of_each_row(n, seed):
    gram, target = random_gram(n, n, seed), geometry.cross_polytope(n)
    sorted_distance = (gram.sort(dim=1).values - target.sort(dim=1).values).norm()
    assert geometry.released_row_wise_distance(gram, target) >= sorted_distance - 1e-12


@pytest.mark.parametrize(("n", "d", "name"), [(4, 3, "simplex ETF"), (4, 2, "cross-polytope"), (2, 1, "simplex ETF")])
def test_the_theorems_cover_these_sizes(n, d, name):
    assert geometry.target_name(n, d) == name
    gram = random_gram(n, d, 0)
    expected = geometry.distance_to_etf if name == "simplex ETF" else geometry.distance_to_cross_polytope
    torch.testing.assert_close(geometry.distance_to_optimum(gram, d), expected(gram))


def test_wrong_sizes():
    assert geometry.target_name(8, 3) is None
    with pytest.raises(ValueError, match=r"^\(N, d\)=\(8, 3\) has no known optimum; N must be <= d \+ 1 or equal to 2d$"):
        geometry.distance_to_optimum(torch.eye(8), 3)
    with pytest.raises(ValueError, match=r"^n=5 must be even"):
        geometry.cross_polytope(5)
    with pytest.raises(ValueError, match=r"^n=3 must be even"):
        geometry.distance_to_cross_polytope(torch.eye(3))
    with pytest.raises(ValueError, match=r"^n=1 must be >= 2$"):
        geometry.simplex_etf(1)


def test_pair_counts_equal_counting_by_hand():
    batches = AllBatches(3).plan(6)[::3]
    counts = geometry.pair_counts(batches, 6)
    for i, j in itertools.product(range(6), repeat=2):
        assert counts[i, j] == sum(i in row and j in row for row in batches.tolist())


def test_two_designs():
    assert geometry.is_two_design(FANO_PLANE, 7)
    assert not geometry.is_two_design(FANO_PLANE[1:], 7)
    assert not geometry.is_two_design(FANO_PLANE, 8)  # sample 7 is in no batch
    for size in (2, 3, 5):
        assert geometry.is_two_design(AllBatches(size).plan(5), 5)
    assert not geometry.is_two_design(AllBatches(2).plan(5)[1:], 5)
    assert not geometry.is_two_design(FixedBatches(2).plan(6), 6)
    assert not geometry.is_two_design(AllBatches(1).plan(5), 5)


def test_batches_of_a_family_may_be_int32_but_no_mask():
    batches = torch.tensor([[0, 1], [1, 2], [0, 2]])
    assert torch.equal(geometry.pair_counts(batches.int(), 3), geometry.pair_counts(batches, 3))
    assert geometry.is_two_design(batches.int(), 3)
    with pytest.raises(TypeError, match=r"^batches is torch.bool; it must be an integer tensor of shape \[M, B\]$"):
        geometry.pair_counts(batches > 0, 3)
