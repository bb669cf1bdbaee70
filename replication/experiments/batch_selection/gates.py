"""The goals that were set for the selectors beforehand, and whether this machine met them in this run."""

import pandas as pd


def gates(ratios: pd.DataFrame, plans: pd.DataFrame, grown: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each goal: what, goal, measured, met. The measured value is the worst over all inputs;
    of the whole set, that of the one input that `growth` measures.

    Args:
        ratios: `compare_with_reference` of every input.
        plans: `measure` of every input; epoch plans count only where there are 50,000 samples, as in CIFAR.
        grown: `growth`; the whole-set goals count only if 50,000 samples are among the sizes.
    """
    log, exp = (ratios[ratios.affinity == name] for name in ("log", "exp"))
    margin = ratios["swap loss"] / ratios[["reference loss", "exact loss"]].max(axis=1) - 1
    rows = [
        ("assignment step, times faster than the reference's", ">=", 20, ratios["assignment ratio"].min()),
        ("relative difference of the assignment costs", "<=", 1e-6, ratios["cost difference"].abs().max()),
        ("exact spectral clustering (exp), times faster", ">=", 8, exp["exact ratio"].min()),
        ("exact spectral clustering (log), times faster", ">=", 4, log["exact ratio"].min()),
        ("SwapSearch without weights, times faster than the exp reference", ">=", 20, exp["swap ratio without weights"].min()),
        ("SwapSearch, mean loss above the harder reference (share)", ">", 0, margin.min()),
    ]
    epoch = plans[plans.N == 50_000].groupby("selector").seconds.mean()
    for name, goal in (("SwapSearch", 4), ("SC", 8), ("SC (exp)", 8)):
        if name in epoch:
            rows.append((f"plan of a CIFAR epoch by {name} (s)", "<=", goal, epoch[name]))
    for row in grown[grown.N == 50_000].to_dict("records"):
        rows += [
            ("whole set of 50,000 by SwapSearch (s)", "<=", 60, row["whole set (s)"]),
            ("the same, peak memory of the process (MiB)", "<=", 4096, row["peak memory (MiB)"]),
            ("the same, loss above chunks of 1,280 (share)", ">", 0, row["whole set loss"] / row["chunks of 1,280 loss"] - 1),
            ("the same, loss above chunks of 5,120 (share)", ">", 0, row["whole set loss"] / row["chunks of 5,120 loss"] - 1),
        ]
    meets = {">=": lambda x, y: x >= y, "<=": lambda x, y: x <= y, ">": lambda x, y: x > y}
    return pd.DataFrame(
        {"gate": name, "goal": f"{sign} {goal:g}", "measured": value, "met": bool(meets[sign](value, goal))}
        for name, sign, goal, value in rows
    )
