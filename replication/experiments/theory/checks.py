"""What the parameters of 01_theory may be."""

from replication.experiments.checks import check_names
from replication.validation import check_count, check_each, check_positive, check_tuple


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    for name in ("starts", "family_starts", "random_draws", "seeds", "search_starts", "workers"):
        check_count(name, p[name], 1)
    check_count("draws", p["draws"], 2)
    check_each("etf_sizes", p["etf_sizes"], _check_etf_size)
    check_each("cross_polytope_dimensions", p["cross_polytope_dimensions"], check_count, 2)
    check_each("subset_sizes", p["subset_sizes"], check_count, 3)
    check_each("apart_sizes", p["apart_sizes"], _check_apart_size)
    check_each("bound_batch_sizes", p["bound_batch_sizes"], check_count, 2)
    check_each("bound_temperatures", p["bound_temperatures"], check_positive)
    check_each("partition_sizes", p["partition_sizes"], _check_partition_size)
    check_count("search_max_n", p["search_max_n"], 4)
    check_count("search_max_d", p["search_max_d"], 2)
    check_each("search_batch_sizes", p["search_batch_sizes"], check_count, 2)
    if min(p["search_batch_sizes"]) >= p["search_max_n"]:
        raise ValueError(f"search_batch_sizes={p['search_batch_sizes']} must hold one < search_max_n={p['search_max_n']}")
    return parameters


def _check_etf_size(name: str, size: list[int]) -> None:
    n, d = check_tuple(name, size, "N, d")
    if not 3 <= n <= d + 1:
        raise ValueError(f"{name}={size!r} must be [N, d] with 3 <= N <= d + 1")


def _check_apart_size(name: str, size: list[int]) -> None:
    n, batch_size = check_tuple(name, size, "N, B")
    if not 2 <= batch_size < n:
        raise ValueError(f"{name}={size!r} must be [N, B] with 2 <= B < N")


def _check_partition_size(name: str, size: list[int]) -> None:
    n, batch_size = check_tuple(name, size, "N, B")
    if not 2 <= batch_size < n or n % batch_size:
        raise ValueError(f"{name}={size!r} must be [N, B] with 2 <= B < N, and B must divide N")
