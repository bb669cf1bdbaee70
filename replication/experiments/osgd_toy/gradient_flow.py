"""The toy comparison in the limit of small steps, where it can be solved by integration.

With s the logistic function, a step of size eta on points whose angles are all theta moves

    a close pair {1, 2}, {3, 4} by    eta s( cos(2 theta) - 1) sin(2 theta) each, away from each other,
    a far pair   {1, 4}, {2, 3} by    eta s(-cos(2 theta) - 1) sin(2 theta) each, towards the close partner,
    a diagonal   {1, 3}, {2, 4} not at all.

OSGD always takes a close pair, so each angle moves at every second update; SGD takes any of the six. Time is measured in
eta x updates. Dividing the two speeds gives the ratio of the numbers of updates; at small angles it is
3 (e^2 + 1) / (e^2 - 1) = 3.939, the number of the paper's section 5.1, and it grows with the angle.
"""

import math

import numpy as np
from scipy.integrate import quad, solve_ivp
from scipy.special import expit

from replication.experiments.osgd_toy.circle import OPTIMUM
from replication.validation import check_choice

SMALL_ANGLE_RATIO = 3 * (math.e**2 + 1) / (math.e**2 - 1)


def speed(method: str, theta):
    """Return d theta / d(eta x updates) at the common angle `theta` (radians) for `method` "SGD" or "OSGD"."""
    check_choice("method", method, ("SGD", "OSGD"))
    theta = np.asarray(theta, dtype=np.float64)
    close = expit(np.cos(2 * theta) - 1) * np.sin(2 * theta)
    if method == "OSGD":
        return close / 2
    return (close - expit(-np.cos(2 * theta) - 1) * np.sin(2 * theta)) / 6


def time_to_arrive(method: str, epsilon: float, rho: float) -> float:
    """Return eta x updates from the angle `epsilon` until it is within `rho` of pi/4 (radians); 0 if it is already.

    Raises:
        ValueError: `epsilon` outside (0, pi/4), `rho` not positive, or an unknown method.
    """
    if not 0 < epsilon < OPTIMUM:
        raise ValueError(f"epsilon={epsilon:.6g} must lie between 0 and pi/4 (both excluded)")
    if not rho > 0:
        raise ValueError(f"rho={rho} must be > 0: the flow reaches pi/4 only in the limit")
    check_choice("method", method, ("SGD", "OSGD"))
    if epsilon >= OPTIMUM - rho:
        return 0.0
    return quad(lambda theta: 1 / speed(method, theta), epsilon, OPTIMUM - rho, epsabs=1e-12, epsrel=1e-12)[0]


def angle_after(method: str, epsilon: float, times: np.ndarray) -> np.ndarray:
    """Return the common angle (radians) of the flow from `epsilon` at increasing `times` (eta x updates, first 0).

    OSGD's flow meets the square in finite time and stays: beyond pi/4 the largest losses are those of the other pairs.
    """
    check_choice("method", method, ("SGD", "OSGD"))
    flow = solve_ivp(lambda time, theta: speed(method, theta), (0, times[-1]), [epsilon], t_eval=times, rtol=1e-10, atol=1e-12)
    return np.minimum(flow.y[0], OPTIMUM)
