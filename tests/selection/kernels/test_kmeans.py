"""k-means against scikit-learn's, draw by draw."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from replication.selection.kernels import kmeans
from replication.selection.kernels.kmeans import kmeans_centres

pytestmark = pytest.mark.filterwarnings("ignore:Number of distinct clusters")


def blobs(samples, dimensions, groups, seed, noise=0.3):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(groups, dimensions))
    return centres[random.integers(groups, size=samples)] + noise * random.normal(size=(samples, dimensions))


def inertia(points, centres):
    return (np.linalg.norm(points[:, None].astype(float) - centres, axis=2) ** 2).min(axis=1).sum()


CASES = [(200, 2, 5, 0.3), (300, 10, 12, 1.0), (60, 3, 20, 2.0)]  # samples, dimensions, clusters, noise


@pytest.mark.parametrize(("samples", "dimensions", "clusters", "noise"), CASES)
@pytest.mark.parametrize("restarts", [1, 4])
def test_the_centres_are_those_of_scikit_learn(samples, dimensions, clusters, noise, restarts):
    for seed in range(5):
        points = blobs(samples, dimensions, clusters, seed, noise)
        theirs = KMeans(clusters, n_init=restarts, random_state=seed).fit(points).cluster_centers_
        ours = kmeans_centres(points, clusters, restarts, seed)
        np.testing.assert_allclose(*(x[np.lexsort(x.round(6).T)] for x in (ours, theirs)), atol=1e-9)


@pytest.mark.parametrize(("samples", "dimensions", "clusters", "noise"), CASES)
def test_single_precision_is_as_good(samples, dimensions, clusters, noise):
    """Rounding can decide which start is chosen, but no better or worse one."""
    ratios = []
    for seed in range(20):
        points = blobs(samples, dimensions, clusters, seed, noise).astype(np.float32)
        centres = kmeans_centres(points, clusters, 2, seed)
        assert centres.dtype == np.float32
        ratios.append(inertia(points, centres) / KMeans(clusters, n_init=2, random_state=seed).fit(points).inertia_)
    assert np.mean(ratios) == pytest.approx(1, abs=0.01)


def test_shifted_data_have_shifted_centres():
    points = blobs(150, 4, 6, 0)
    np.testing.assert_allclose(kmeans_centres(points + 100, 6, 3, 0), kmeans_centres(points, 6, 3, 0) + 100, atol=1e-9)


@pytest.mark.parametrize("distinct", [1, 3])
def test_fewer_distinct_points_than_clusters(distinct):
    points = blobs(distinct, 3, distinct, 0)[np.arange(30) % distinct]
    centres = kmeans_centres(points, 5, 2, 0)
    assert centres.shape == (5, 3) and np.isfinite(centres).all()
    assert inertia(points, centres) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("start", "expected"), [([5, 1000], [11 / 3, 30]), ([5, 1000, 2000], [0.5, 10, 30])], ids=["one", "two"]
)
def test_centres_without_points_take_over_the_farthest_ones(start, expected):
    """From 5, the point 30 lies farthest, then 10."""
    points = np.array([[0.5], [0.5], [10.0], [30.0]]) if len(start) == 3 else np.array([[0.0], [1.0], [10.0], [30.0]])
    squares = (points**2).sum(axis=1)
    start = np.array(start, dtype=float)[:, None]
    centres, _ = kmeans._lloyd(points, np.ascontiguousarray(points.T), squares, start, 0.0, 1)
    assert sorted(centres.ravel().tolist()) == pytest.approx(expected)


def test_iterations_stop_at_the_limit_with_the_inertia_of_the_last_centres():
    points = blobs(200, 2, 8, 1, noise=1.0)
    squares = (points**2).sum(axis=1)
    values = []
    for limit in (1, 2, 5, 50):
        centres, value = kmeans._lloyd(points, np.ascontiguousarray(points.T), squares, points[:8].copy(), 0.0, limit)
        assert value == pytest.approx(inertia(points, centres))
        values.append(value)
    assert values == sorted(values, reverse=True) and values[0] > values[-1]


def test_large_sets_are_left_to_scikit_learn(monkeypatch):
    points = blobs(80, 3, 4, 0)
    expected = kmeans_centres(points, 4, 2, 0)
    monkeypatch.setattr(kmeans, "MAX_POINTS", 50)
    monkeypatch.setattr(kmeans, "_plus_plus", None)
    np.testing.assert_allclose(kmeans_centres(points, 4, 2, 0), expected, atol=1e-10)
