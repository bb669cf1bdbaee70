"""Unit vectors of the configurations that the theorems name, as rows [N, d] in float64."""

import numpy as np

from replication.geometry import simplex_etf
from replication.validation import check_count


def simplex_rows(n: int, d: int) -> np.ndarray:
    """Return the N vertices of a simplex ETF in R^d: u_i . u_j = -1/(N-1). Raises ValueError unless 2 <= N <= d + 1."""
    check_count("n", n, 2, check_count("d", d, 1) + 1, "d + 1, the most that fit in R^d")
    values, vectors = np.linalg.eigh(simplex_etf(n).numpy())
    rows = np.zeros((n, d))
    rows[:, : n - 1] = vectors[:, 1:] * np.sqrt(values[1:])  # the first eigenvalue is 0: the vertices sum to 0
    return rows


def polygon_rows(n: int, corners: int | None = None, first_angle: float = 0.0) -> np.ndarray:
    """Return N points on the circle, [N, 2], spread evenly over the corners of a regular polygon.

    Args:
        n: number of points.
        corners: corners of the polygon, a divisor of n; None means n. N = 10 with 5 corners is the doubled pentagon.
        first_angle: direction of the first point, in radians.

    Raises:
        ValueError: `corners` does not divide `n`.
    """
    corners = n if corners is None else check_count("corners", corners, 1)
    if n % corners:
        raise ValueError(f"corners={corners} must divide n={n}")
    angle = first_angle + 2 * np.pi / corners * (np.arange(n) // (n // corners))
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
