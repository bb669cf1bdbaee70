"""What the parameters of 09_tuning may be."""

from replication.experiments.checks import check_names
from replication.experiments.tuning.qlogei import QLOGEI, has_botorch
from replication.experiments.tuning.regret import COMPARED
from replication.tuning import BENCHMARKS, RULES
from replication.tuning.ranges import read_range
from replication.validation import (
    check_choice,
    check_count,
    check_distinct,
    check_each,
    check_not_negative,
    check_positive,
    check_tuple,
)


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each; TypeError or ValueError with one line for the first that cannot work."""
    p = parameters
    check_names(p)
    for name in check_distinct("functions", p["functions"]):
        check_choice("functions", name, BENCHMARKS)
    for name in check_distinct("rules", p["rules"], needed=COMPARED):
        check_choice("rules", name, (*RULES, QLOGEI))
    if len(p["rules"]) < 2:
        raise ValueError(f"rules={p['rules']!r} must hold another rule to compare {COMPARED} with")
    if QLOGEI in p["rules"] and not has_botorch():
        raise ValueError(f"rules={p['rules']!r} holds {QLOGEI!r}, which needs BoTorch: pip install botorch")
    for name in ("seeds", "start_points", "rounds", "batch", "embedding_start_points", "embedding_rounds", "embedding_batch"):
        check_count(name, p[name], 1)
    check_count("candidates", p["candidates"], 2 * max(p["batch"], p["embedding_batch"]))
    samples, dimensions = check_tuple("problem", p["problem"], "N, d")
    if not 4 <= samples <= dimensions + 1:
        raise ValueError(f"problem={p['problem']!r} must be [N, d] with N >= 4 and N <= d + 1, where the optimum is known")
    check_each("lrs", p["lrs"], check_positive)
    check_each("ks", p["ks"], check_count, 1)
    check_each("hardnesses", p["hardnesses"], _check_share)
    for name in ("lrs", "ks", "hardnesses"):
        read_range(name, p[name])  # two or more, rising
    check_count("seen", p["seen"], 2, p["starts"] if isinstance(p["starts"], int) else None, "starts")
    check_count("starts", p["starts"], 2)
    check_count("limit", p["limit"], 1)
    settings = len(p["lrs"]) * len(p["ks"]) * len(p["hardnesses"])
    if p["embedding_start_points"] + p["embedding_rounds"] * p["embedding_batch"] > settings:
        raise ValueError(f"embedding_rounds={p['embedding_rounds']} evaluate more than all {settings} settings")
    for name in ("near", "margin", "embedding_margin"):
        check_positive(name, p[name])
    return parameters


def _check_share(name: str, share: float) -> None:
    if check_not_negative(name, share) > 1:
        raise ValueError(f"{name}={share} must be a share, at most 1")
