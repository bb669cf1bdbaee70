"""Student's interval against SciPy's."""

import numpy as np
import pandas as pd
from scipy import stats

from replication.evaluation.interval import student_interval


def test_the_interval_is_scipys():
    values = pd.Series(np.random.default_rng(0).normal(3, 2, 7))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    np.testing.assert_allclose(student_interval(values), (expected.low, expected.high), rtol=1e-12)


def test_one_value_has_none():
    assert np.isnan(student_interval(pd.Series([1.0]))).all()
