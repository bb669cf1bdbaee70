"""What the parameters of 02_osgd_toy may be."""

from math import comb, radians

from replication.experiments.checks import check_names
from replication.validation import check_count, check_each, check_positive, check_tuple

SQUARE = 45  # degrees, where the four points form the square, the optimum


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    check_count("seeds", p["seeds"], 2)
    for name in ("resamples", "simulated_draws", "search_starts", "search_steps", "film_updates"):
        check_count(name, p[name], 1)
    check_each("start_degrees", p["start_degrees"], _check_angle)
    check_each("step_sizes", p["step_sizes"], check_positive)
    check_each("rhos", p["rhos"], check_positive)
    if min(p["rhos"]) >= radians(SQUARE - min(p["start_degrees"])):
        raise ValueError(
            f"rhos={p['rhos']} hold from every start in start_degrees={p['start_degrees']}; nothing is left to count"
        )
    check_each("objective_cases", p["objective_cases"], _check_case)
    check_each("disjoint_sizes", p["disjoint_sizes"], _check_disjoint)
    check_each("batch_sizes", p["batch_sizes"], check_count, 2)
    check_positive("film_step_size", p["film_step_size"])
    return parameters


def _check_angle(name: str, degrees: float) -> None:
    if check_positive(name, degrees) >= SQUARE:
        raise ValueError(f"{name}={degrees} must be < {SQUARE}, where the square is")


def _check_case(name: str, case: list[int]) -> None:
    samples, k, q = check_tuple(name, case, "N, k, q")
    if samples < 2 or not 1 <= q <= k <= comb(samples, 2):
        raise ValueError(f"{name}={case!r} must be [N, k, q] with N >= 2 and 1 <= q <= k <= N(N-1)/2")


def _check_disjoint(name: str, samples: int) -> None:
    if check_count(name, samples, 4, 8, "more have too many draws to enumerate") % 2:
        raise ValueError(f"{name}={samples} must be even")
