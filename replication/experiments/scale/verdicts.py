"""Do plans in shards keep what the plan of the whole set gains? And the goals set beforehand."""

import pandas as pd

from replication.experiments.scale.growth import SHARDED, WHOLE, exponent, with_shares
from replication.reporting.run import CAVEAT, FAILS, HOLDS, UNTESTED

LEAST_SHARE = 0.97
LARGE = 10**6  # pairs; who needs shards has at least as many


def verdict(hardness: pd.DataFrame) -> tuple[str, str]:
    """Return the verdict and the evidence on "plans in shards keep 97 % of the whole set's gain"; each size is one plan.

    Sets smaller than `LARGE` alone make a caveat.
    """
    table = with_shares(hardness)
    if WHOLE not in table:
        return UNTESTED, "no set was planned whole"
    table = table.dropna(subset=[WHOLE])
    parts = [f"N={n:,} {100 * share:.1f} %" for n, share in zip(table.N, table["share of the gain"], strict=True)]
    evidence = f"share of SwapSearch's gain over shuffled batches that plans in shards keep, one plan each: {'; '.join(parts)}"
    if (table["share of the gain"] < LEAST_SHARE).any():
        return FAILS, evidence
    small = table.N.max() < LARGE
    return (CAVEAT if small else HOLDS), evidence + (f"; no set of {LARGE:,} pairs was compared" if small else "")


def goals(cost: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each goal that this run can tell about: what, goal, measured, met."""
    by_size = cost.set_index("N")
    wanted = [("growth of seconds between the two largest sets, exponent", 1.05, exponent(cost))]
    if 10**6 in by_size.index and f"{WHOLE} (s)" in cost:
        row = by_size.loc[10**6]
        wanted += [
            ("10^6 pairs in one process, minutes", 4, row[f"{WHOLE} (s)"] / 60),
            ("10^6 pairs in one process, GiB", 6, row[f"peak memory, {WHOLE} (MiB)"] / 1024),
            ("10^6 pairs in shards, times the seconds of one process", 1.2, row[f"{SHARDED} (s)"] / row[f"{WHOLE} (s)"]),
        ]
    if 10**7 in by_size.index:
        row = by_size.loc[10**7]
        wanted += [
            ("10^7 pairs in shards, minutes", 60, row[f"{SHARDED} (s)"] / 60),
            ("10^7 pairs in shards, GiB of a worker", 3, row["peak memory of a worker (MiB)"] / 1024),
        ]
    rows = [{"what": what, "goal <=": goal, "measured": value, "met": bool(value <= goal)} for what, goal, value in wanted]
    return pd.DataFrame(rows)
