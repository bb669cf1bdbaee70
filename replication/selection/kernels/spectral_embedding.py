"""Spectral embedding of one chunk's edge weights, in single precision wherever that does not change the batches."""

import inspect
import logging
import math

import numpy as np
import torch
from scipy.linalg import LinAlgError, eigh
from scipy.linalg.blas import dsymv, ssymv
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh
from torch import Tensor

from replication.selection.weights import edge_weights, safe_to_multiply

logger = logging.getLogger("replication.selection")

LEAST_MEAN_WEIGHT = 1e-3  # float32 rounds weights by about 1e-6: of a sample whose weights are smaller too much is lost
LARGEST_SCALE = 1e3  # float32 eigenvectors err by about 1e-6, which the division by small degrees makes so much larger


def chunk_embedding(u: Tensor, v: Tensor, dimensions: int, batch_size: int, temperature: float, affinity: str) -> np.ndarray:
    """Return the spectral embedding [N, dimensions] of the samples with unit rows u, v [N, d].

    In float32 where that is enough: the temperature lets no intermediate overflow, no sample's weights are all tiny, and the
    degrees are of one order, as those of w are and those of exp(w) often are not. Otherwise in float64, also the result.

    Args:
        u, v: on the CPU.
        dimensions: k, at most N.
        batch_size, temperature: of the edge weights.
        affinity: "log" for the weights w, "exp" for exp(w).
    """
    single = safe_to_multiply(torch.float32, batch_size, temperature)
    if single:
        weights = edge_weights(u.float(), v.float(), batch_size, temperature)
        single = affinity == "exp" or float(weights.sum(dim=1).min()) >= LEAST_MEAN_WEIGHT * len(u)
    if not single:
        weights = edge_weights(u.double(), v.double(), batch_size, temperature)
    return spectral_embedding(*normalised_affinity(weights, affinity), dimensions)


def normalised_affinity(weights: Tensor, affinity: str) -> tuple[np.ndarray, np.ndarray]:
    """Return D^-1/2 A D^-1/2 [N, N], D the row sums of A, and D^-1/2 [N] in float64, up to a factor that makes 1 its least.

    A is `weights` [N, N] ("log") or exp(weights) ("exp") without its diagonal. exp(weights) itself may overflow; the
    quotients are at most 1, so they are computed from the logarithms. The type is that of `weights`, which are overwritten,
    or float64 if degrees differ too much for float32.
    """
    if affinity == "exp":
        log_degree = weights.fill_diagonal_(-torch.inf).logsumexp(dim=1)
        if log_degree.max() - log_degree.min() > 2 * math.log(LARGEST_SCALE):
            weights = weights.double()
            log_degree = weights.logsumexp(dim=1)
        half = log_degree / 2
        matrix = weights.sub_(half[:, None]).sub_(half).exp_()
        scale = (half.max() - half).double().clamp_max(300).exp()
    else:
        degree = weights.fill_diagonal_(0).sum(dim=1, dtype=torch.float64)
        # A sample without any weight would divide by zero.
        degree = degree.clamp_min(max(1e-12 * float(degree.max()), 1e-300))
        factor = degree.rsqrt().to(weights.dtype)
        matrix = weights.mul_(factor[:, None]).mul_(factor)
        scale = (degree.max() / degree).sqrt()
    return matrix.numpy(), scale.numpy()


def spectral_embedding(matrix: np.ndarray, scale: np.ndarray, dimensions: int) -> np.ndarray:
    """Return the spectral embedding [N, dimensions] for what `normalised_affinity` returns, in the type of `matrix`.

    The eigenvectors of the normalised Laplacian, I - `matrix`, with the smallest eigenvalues, the constant one included,
    divided by the square root of the degrees. Only distances between its rows matter, so signs are left as they come.
    """
    vectors = _leading_eigenvectors(matrix, dimensions)[:, ::-1]
    return np.ascontiguousarray(vectors * scale[:, None], dtype=matrix.dtype)


def _leading_eigenvectors(matrix: np.ndarray, count: int) -> np.ndarray:
    """Return the eigenvectors [N, count] of the largest eigenvalues of a symmetric matrix, in ascending order of these."""
    size = len(matrix)
    if size > 400 and 8 * count < size:
        # The start vector is fixed, so equal inputs give equal vectors. A wider basis needs fewer products with the matrix,
        # which are dearer in float64. A looser tolerance stops before Lanczos has seen all of many close eigenvalues.
        start = np.random.default_rng(0).standard_normal(size).astype(matrix.dtype)
        width, symmetric = (5 * count // 2, ssymv) if matrix.dtype == np.float32 else (7 * count // 2, dsymv)
        product = LinearOperator(matrix.shape, lambda x: symmetric(1, matrix.T, x.ravel()), dtype=matrix.dtype)
        try:
            vectors = eigsh(product, count, which="LA", ncv=max(width, 64), v0=start, **_fixed_restarts())[1]
            if _is_complete(vectors, count):
                return vectors
        except ArpackError:  # it can stall on many equal eigenvalues, which the dense solvers mind less
            pass
    return _dense_eigenvectors(matrix.astype(np.float64), count)


def _fixed_restarts() -> dict:
    """Return the argument of `eigsh` that fixes what it draws where its basis ends early, as with few distinct samples."""
    # SciPy before 1.17 does not know it.
    return {"rng": np.random.default_rng(1)} if "rng" in inspect.signature(eigsh).parameters else {}


def _dense_eigenvectors(matrix: np.ndarray, count: int) -> np.ndarray:
    """Return the same by dense solvers, in float64: the fastest one first, which at times fails on equal eigenvalues."""
    size = len(matrix)
    for driver in ("evr", "evd", "ev"):
        subset = (size - count, size - 1) if driver == "evr" else None  # the others know only all eigenvectors
        try:
            vectors = eigh(matrix, driver=driver, subset_by_index=subset, check_finite=False)[1][:, -count:]
        except (LinAlgError, ValueError):  # an internal error of LAPACK; SciPy stumbles over too few eigenvalues
            continue
        if _is_complete(vectors, count):
            return vectors
    logger.warning("no eigenvectors of %d samples could be found; their batches are arbitrary", size)
    return np.eye(size, count)


def _is_complete(vectors: np.ndarray, count: int) -> bool:
    return vectors.shape[1] == count and bool(np.isfinite(vectors).all())
