"""The spectral embedding: scikit-learn's on well separated eigenvalues; in float32, the distances that float64 gives."""

import numpy as np
import pytest
import torch
from scipy.linalg import LinAlgError, eigh
from scipy.spatial.distance import pdist
from sklearn import manifold

from replication.selection import SpectralClustering, edge_weights
from replication.selection.kernels import spectral_embedding as module
from replication.selection.kernels.spectral_embedding import chunk_embedding, normalised_affinity, spectral_embedding


def clustered(samples, groups=20, dimensions=16, noise=0.7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.nn.functional.normalize(torch.randn(groups, dimensions, generator=generator), dim=1)
    points = centres[torch.randint(groups, (samples,), generator=generator)]
    u, v = (points + noise * torch.randn(samples, dimensions, generator=generator) / dimensions**0.5 for _ in range(2))
    return torch.nn.functional.normalize(u, dim=1), torch.nn.functional.normalize(v, dim=1)


def disagreeing(extent):
    """Return 600 samples, of which the second half have views that lie apart by `extent`."""
    u, v = clustered(600, noise=0.4)
    v[300:] = torch.nn.functional.normalize(v[300:] - extent * u[300:], dim=1)
    return u, v


def slow_embedding(u, v, dimensions, batch_size, temperature, affinity):
    """The definition, with a dense solver in float64."""
    weights = edge_weights(u.double(), v.double(), batch_size, temperature).numpy()
    if affinity == "exp":
        weights = np.exp(weights - weights.max())
    np.fill_diagonal(weights, 0)
    scale = 1 / np.sqrt(weights.sum(axis=1))
    return eigh(weights * scale[:, None] * scale)[1][:, -dimensions:] * scale[:, None]


@pytest.mark.parametrize("affinity", ["log", "exp"])
@pytest.mark.parametrize("seed", range(3))
def test_equals_scikit_learn(seed, affinity):
    """A chain of 30 points on a line, unevenly spaced: the leading eigenvalues are simple and well apart."""
    positions = np.sort(np.random.default_rng(seed).uniform(0, 6, 30))
    exponent = -((positions[:, None] - positions) ** 2)
    weights = torch.from_numpy(exponent if affinity == "exp" else np.exp(exponent))
    ours = spectral_embedding(*normalised_affinity(weights.clone(), affinity), 4)
    theirs = manifold.spectral_embedding(
        np.exp(exponent), n_components=4, eigen_solver="arpack", drop_first=False, random_state=0
    )
    theirs = theirs * np.linalg.norm(ours[:, 0]) / np.linalg.norm(theirs[:, 0])
    np.testing.assert_allclose(ours, theirs * np.sign((ours * theirs).sum(axis=0)), atol=1e-7)


@pytest.mark.parametrize("affinity", ["log", "exp"])
@pytest.mark.parametrize("temperature", [0.5, 0.1])
def test_float32_gives_the_distances_of_float64(affinity, temperature):
    """Rotations of the eigenvectors do not matter; distances between samples do. Large enough for Lanczos."""
    u, v = clustered(600)
    ours = chunk_embedding(u, v, 20, 16, temperature, affinity)
    assert ours.dtype == np.float32
    distances, expected = (pdist(x.astype(float)) for x in (ours, slow_embedding(u, v, 20, 16, temperature, affinity)))
    distances *= np.linalg.norm(expected) / np.linalg.norm(distances)
    close = expected < 1e-3 * expected.max()
    np.testing.assert_allclose(distances[~close], expected[~close], rtol=5e-3)
    np.testing.assert_allclose(distances[close], expected[close], atol=1e-5 * expected.max())


@pytest.mark.parametrize("extent", [0.2, 0.45, 0.6])
def test_no_close_eigenvalue_is_missed_and_samples_of_small_degree_keep_their_place(extent):
    """Twenty eigenvalues within 1e-2 of 1, many within 1e-6 of each other: a Lanczos solver that stops early misses some.

    Rows are compared in the embedding, where a small degree makes errors of the eigenvectors larger.
    """
    u, v = disagreeing(extent)
    ours = chunk_embedding(u, v, 20, 16, 0.06, "exp").astype(float)
    expected = slow_embedding(u, v, 20, 16, 0.06, "exp")
    ours *= np.linalg.norm(expected) / np.linalg.norm(ours)
    left, _, right = np.linalg.svd(ours.T @ expected)
    errors = np.linalg.norm(ours @ (left @ right) - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert errors.max() < 1e-3


def test_float64_where_float32_is_not_enough():
    u, v = clustered(100)
    assert chunk_embedding(u, v, 5, 16, 0.1, "log").dtype == np.float32
    assert chunk_embedding(u, v, 5, 16, 0.03, "log").dtype == np.float64  # the weights could overflow
    axes = torch.eye(100)
    assert chunk_embedding(axes, axes, 5, 16, 0.1, "log").dtype == np.float32
    assert chunk_embedding(axes, axes, 5, 16, 0.06, "log").dtype == np.float64  # all weights are tiny
    assert chunk_embedding(axes, axes, 5, 16, 0.06, "exp").dtype == np.float32  # but alike, and their exponentials are 1
    assert chunk_embedding(*disagreeing(0.2), 5, 16, 0.06, "exp").dtype == np.float32
    assert chunk_embedding(*disagreeing(1.5), 5, 16, 0.06, "exp").dtype == np.float64  # degrees far apart


@pytest.mark.parametrize("affinity", ["log", "exp"])
@pytest.mark.parametrize("samples", [20, 500])
def test_samples_without_any_weight(affinity, samples):
    axes = torch.eye(samples)
    embedding = chunk_embedding(axes, axes, 4, 2, 0.001, affinity)
    assert embedding.shape == (samples, 4) and np.isfinite(embedding).all()


def failing(drivers, how):
    """Return SciPy's `eigh` with some LAPACK drivers that fail: by an error, or by what they return."""

    def solve(matrix, driver, **options):
        if driver not in drivers:
            return eigh(matrix, driver=driver, **options)
        if isinstance(how, Exception):
            raise how
        return how(*eigh(matrix, driver=driver, **options))

    return solve


FAILURES = {
    "error": LinAlgError("Internal Error."),
    "SciPy's own error": ValueError("too few eigenvalues"),
    "too few": lambda values, vectors: (values[:-1], vectors[:, :2]),
    "not finite": lambda values, vectors: (values, np.full_like(vectors, np.nan)),
}


@pytest.mark.parametrize("how", FAILURES.values(), ids=list(FAILURES))
@pytest.mark.parametrize("drivers", [["evr"], ["evr", "evd"]])
def test_where_one_driver_fails_another_gives_the_same_space(how, drivers, monkeypatch):
    square = np.random.default_rng(0).standard_normal((30, 30))
    matrix = square @ square.T
    expected = eigh(matrix)[1][:, -4:]
    monkeypatch.setattr(module, "eigh", failing(drivers, how))
    vectors = module._leading_eigenvectors(matrix, 4)
    np.testing.assert_allclose(np.abs((vectors * expected).sum(axis=0)), 1, rtol=1e-10)


def test_where_all_drivers_fail_the_plan_is_a_partition_all_the_same(monkeypatch, caplog):
    monkeypatch.setattr(module, "eigh", failing(["evr", "evd", "ev"], LinAlgError("Internal Error.")))
    plan = SpectralClustering(4, workers=1).select(clustered(40)[0], generator=torch.Generator().manual_seed(0))
    assert sorted(plan.flatten().tolist()) == list(range(40))
    assert "no eigenvectors of 40 samples could be found" in caplog.text


FEW = {
    "nine in ten equal": lambda n: torch.cat([torch.ones(n - n // 10, 8), clustered(n // 10, dimensions=8)[0]]),
    "two": lambda n: torch.eye(2)[torch.arange(n) % 2],
    "one": lambda n: torch.ones(n, 8),
}


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@pytest.mark.parametrize("affinity", ["log", "exp"])
@pytest.mark.parametrize("make", FEW.values(), ids=list(FEW))
@pytest.mark.parametrize(("size", "k"), [(2, 6), (2, 12), (2, 24), (3, 12), (4, 12), (8, 6), (40, 12)])
def test_few_distinct_samples_give_a_partition_and_equal_calls_equal_ones(size, k, make, affinity):
    """On some of these LAPACK's fastest driver fails, and Lanczos has seen all of the space before it has k vectors."""
    selector, u = SpectralClustering(size, k, affinity, 0.1), make(size * k)
    plans = [selector.select(u, generator=torch.Generator().manual_seed(0)) for _ in range(2)]
    assert sorted(plans[0].flatten().tolist()) == list(range(size * k))
    assert torch.equal(*plans)
