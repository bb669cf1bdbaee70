"""How certain the mean over a few seeds is."""

from collections.abc import Sequence

import numpy as np

BORROWED = 4  # degrees of freedom that the spread of all settings together counts for, beside a setting's own


def mean_and_noise(runs: Sequence[Sequence[float]]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the mean over seeds of each setting [n], and the variance of each mean's error [n].

    The variance over two or three seeds is itself hardly known. So each setting's own counts by its degrees of freedom, and
    that of all settings together as four more (after Smyth 2004, with a fixed number). The second is None where no setting
    has two seeds: then nothing says how large the noise is.

    Args:
        runs: for each setting its values, one for each seed.

    Raises:
        ValueError: no setting, one without values, or a value that is NaN or infinite.
    """
    values = [np.asarray(run, dtype=float) for run in runs]
    bad = [place for place, run in enumerate(values) if run.ndim != 1 or not len(run) or not np.isfinite(run).all()]
    if bad or not values:
        raise ValueError(f"runs{bad[:1] or ''} must hold one or more finite values, one for each seed")
    counts = np.array([len(run) for run in values])
    squares = np.array([((run - run.mean()) ** 2).sum() for run in values])
    means, free = np.array([run.mean() for run in values]), counts - 1
    if not free.sum():
        return means, None
    together = squares.sum() / free.sum()
    return means, (squares + BORROWED * together) / (free + BORROWED) / counts
