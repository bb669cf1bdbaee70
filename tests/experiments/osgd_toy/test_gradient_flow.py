import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.experiments.osgd_toy.circle import OPTIMUM
from replication.experiments.osgd_toy.gradient_flow import SMALL_ANGLE_RATIO, angle_after, speed, time_to_arrive


def test_small_angle_ratio():
    assert pytest.approx(3.939, abs=5e-4) == SMALL_ANGLE_RATIO
    assert speed("OSGD", 1e-6) / speed("SGD", 1e-6) == pytest.approx(SMALL_ANGLE_RATIO)


@settings(deadline=None, max_examples=20)
@given(epsilon=st.floats(0.01, 0.5), rho=st.floats(0.01, 0.25))
def test_the_ratio_of_times_exceeds_the_small_angle_ratio_and_grows_towards_the_square(epsilon, rho):
    ratio, nearer = (time_to_arrive("SGD", epsilon, r) / time_to_arrive("OSGD", epsilon, r) for r in (rho, rho / 2))
    assert SMALL_ANGLE_RATIO < ratio < nearer


@pytest.mark.parametrize("method", ["SGD", "OSGD"])
def test_time_to_arrive_agrees_with_the_trajectory(method):
    time = time_to_arrive(method, 0.15, 0.1)
    assert angle_after(method, 0.15, np.array([0, time]))[1] == pytest.approx(OPTIMUM - 0.1, abs=1e-7)


def test_osgd_stays_at_the_square():
    assert angle_after("OSGD", 0.5, np.array([0, 50.0]))[1] == OPTIMUM


def test_already_inside_takes_no_time():
    assert time_to_arrive("SGD", 0.5, 0.3) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Adam", 0.1, 0.1), "method='Adam' must be one of"),
        (("SGD", 0.0, 0.1), "epsilon=0 must lie"),
        (("SGD", 0.1, 0.0), "rho=0.0 must be > 0"),
        (("SGD", 0.1, math.nan), "rho=nan must be > 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        time_to_arrive(*arguments)
