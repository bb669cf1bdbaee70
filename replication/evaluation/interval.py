"""The interval that every comparison over seeds states."""

import numpy as np
import pandas as pd
from scipy import stats

CONFIDENCE = 0.95


def student_interval(values: pd.Series) -> tuple[float, float]:
    """Return the ends of Student's 95 % interval of the mean of `values` [n]; NaN, NaN where n < 2."""
    count = len(values)
    if count < 2:
        return np.nan, np.nan
    half = stats.t.ppf((1 + CONFIDENCE) / 2, count - 1) * values.std() / count**0.5
    return values.mean() - half, values.mean() + half
