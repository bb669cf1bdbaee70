"""What the parameters of 09_tuning may be."""

from replication.experiments.checks import check_names
from replication.experiments.tuning.qlogei import QLOGEI, has_botorch
from replication.experiments.tuning.regret import COMPARED
from replication.tuning import BENCHMARKS, RULES, Space
from replication.validation import check_choice, check_count, check_distinct, check_positive, check_tuple


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
    Space({name: p[name] for name in ("lrs", "ks", "hardnesses")})  # rising numbers
    check_positive("lrs[0]", p["lrs"][0])
    for k in p["ks"]:
        check_count("ks", k, 1)
    if not 0 <= p["hardnesses"][0] <= p["hardnesses"][-1] <= 1:
        raise ValueError(f"hardnesses={p['hardnesses']!r} must be shares from 0 to 1")
    check_count("seen", p["seen"], 2)
    check_count("starts", p["starts"], p["seen"])
    check_count("limit", p["limit"], 1)
    settings = len(p["lrs"]) * len(p["ks"]) * len(p["hardnesses"])
    if p["embedding_start_points"] + p["embedding_rounds"] * p["embedding_batch"] > settings:
        raise ValueError(f"embedding_rounds={p['embedding_rounds']} evaluate more than all {settings} settings")
    for name in ("near", "margin", "embedding_margin"):
        check_positive(name, p[name])
    return parameters
