"""What larger sets would take: arithmetic from the largest set that was planned, where time is linear in the pairs."""

import pandas as pd

SIZES = [10**6, 10**7, 10**8, 10**9]
CALLER = 60  # bytes for each pair in the process that calls `ShardedSelector`: see there


def forecast(cost: pd.DataFrame, dimensions: int, batch_size: int, rounds: int) -> pd.DataFrame:
    """Return one row for each of `SIZES` beyond the largest set measured; linear in N, as the measured sets grow.

    Columns: N; core-hours of all workers; GB of one view's embeddings in float16; GB that workers read: both views once for
    the cells, and once a round for the shards; GB of the plan; GB of memory of the calling process. Its memory is what breaks
    first: 10^9 pairs need a large one. Then comes the search for each pair's cell, whose time grows with the number of cells
    too, until that is capped.
    """
    last = cost.iloc[-1]
    seconds = last["of it in shards (s, all workers)"] / last.N
    rows = [
        {
            "N": size,
            "core-hours": size * seconds / 3600,
            "one view (GB)": size * dimensions * 2 / 1e9,
            "read (GB)": (1 + rounds) * 2 * size * dimensions * 2 / 1e9,
            "plan (GB)": size // batch_size * batch_size * 4 / 1e9,
            "memory of the caller (GB)": size * CALLER / 1e9,
        }
        for size in SIZES
        if size > last.N
    ]
    return pd.DataFrame(rows)
