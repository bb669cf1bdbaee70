"""Several comparisons at once: Holm's correction."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Return p-values corrected for there being m of them, float64 [m]: those below 0.05 are wrong together in 5 % of cases.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979. It holds
    however the comparisons depend on each other. The smallest value is multiplied by m, the next by m - 1, and so on; none
    becomes smaller than one before it, nor larger than 1.

    Args:
        p: [m], each >= 0 and <= 1.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
        [0.03, 0.06, 0.06]

    Raises:
        ValueError: not [m], or a value that is no probability.
    """
    values = np.asarray(p, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"p has shape {list(values.shape)}; it must be [m]")
    bad = values[~((values >= 0) & (values <= 1))]
    if len(bad):
        raise ValueError(f"p holds {bad[0]}; all must be >= 0 and <= 1")
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(steps, 1.0)
    return corrected
