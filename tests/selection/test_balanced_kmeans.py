"""BalancedKMeans: its clusters against brute force, recovery, recursion."""

from itertools import combinations

import numpy as np
import pytest
import torch

from replication.selection.balanced_kmeans import BalancedKMeans, balanced_clusters


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def scatter(points, cluster):
    """Return the total squared distance of the points to the mean of their cluster."""
    return sum(((points[cluster == c] - points[cluster == c].mean(axis=0)) ** 2).sum() for c in np.unique(cluster))


def test_more_iterations_scatter_the_clusters_less():
    total = np.zeros(4)
    for seed in range(5):
        points = np.random.default_rng(seed).normal(size=(60, 3))
        results = [balanced_clusters(points, np.full(6, 10), n, np.random.RandomState(seed)) for n in (0, 1, 2, 50)]
        spread = np.array([scatter(points, cluster) for cluster in results])
        assert (np.diff(spread) <= 1e-9).all()
        total += spread
    assert total[-1] < total[1] < total[0]


def test_two_clusters_of_a_bimodal_sample_are_the_best_of_all():
    points = np.random.default_rng(0).normal(size=(10, 2)) + np.array([[2, 0]] * 3 + [[-2, 0]] * 7)
    found = balanced_clusters(points, np.array([5, 5]), 10, np.random.RandomState(0))
    every = (np.isin(np.arange(10), half) for half in combinations(range(10), 5))
    assert scatter(points, found) == pytest.approx(min(scatter(points, half) for half in every))


@pytest.mark.parametrize(("groups", "branching"), [(6, 40), (6, 6), (24, 6), (25, 3)])
def test_well_separated_groups_are_recovered_at_any_depth(groups, branching):
    g = generator(groups)
    label = torch.arange(groups).repeat(8)[torch.randperm(8 * groups, generator=g)]
    u, v = (torch.eye(groups)[label] + 0.03 * torch.randn(8 * groups, groups, generator=g) for _ in range(2))
    plan = BalancedKMeans(8, branching).select(u, v, g)
    together = (label[plan][:, :, None] == label[plan][:, None, :]).sum() - plan.numel()
    assert together > 0.9 * groups * 8 * 7


def test_both_views_count():
    """u tells the row of a 4 x 4 table and v the column: only together do they tell the 16 groups."""
    g = generator()
    label = torch.arange(16).repeat(6)[torch.randperm(96, generator=g)]
    u, v = torch.eye(8)[label // 4], torch.eye(8)[4 + label % 4]
    u, v = (x + 0.02 * torch.randn(96, 8, generator=g) for x in (u, v))
    plan = BalancedKMeans(6).select(u, v, g)
    together = (label[plan][:, :, None] == label[plan][:, None, :]).sum() - plan.numel()
    assert together > 0.9 * 16 * 6 * 5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [1, 2, 5, 6, 7, 31, 37])
def test_the_recursion_uses_every_sample_once(rows):
    u, v = (torch.randn(3 * rows + 2, 4, generator=generator(rows + seed)) for seed in range(2))
    plan = BalancedKMeans(3, branching=2).select(u, v, generator())
    assert plan.shape == (rows, 3)
    assert plan.unique().numel() == 3 * rows


def test_wrong_parameters():
    with pytest.raises(ValueError, match=r"^branching=1 must be >= 2$"):
        BalancedKMeans(4, branching=1)
    with pytest.raises(ValueError, match=r"^iterations=-1 must be >= 0$"):
        BalancedKMeans(4, iterations=-1)
    with pytest.raises(TypeError, match=r"^branching=None must be an integer$"):
        BalancedKMeans(4, branching=None)
