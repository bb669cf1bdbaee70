"""What planning the whole set at once costs and gains as the set grows."""

from collections.abc import Callable

import pandas as pd
import torch

from replication.cost import with_peak_memory
from replication.hardness.inputs import Embedded
from replication.losses import mini_batch_loss
from replication.selection import SwapSearch


def growth(whole: Callable[[int], Embedded], sizes: list[int], batch_size: int, temperature: float) -> pd.DataFrame:
    """Time SwapSearch on the whole of sets of growing size, and on chunks of 1,280 and 5,120 of the same embeddings.

    Returns a row for each size: seconds, peak memory above the start in MiB, and mean batch loss (nats) of the whole-set
    plan, and the losses of the chunked ones.
    """
    rows = []
    for size in sizes:
        data = whole(size)
        selectors = {
            name: SwapSearch(batch_size, k, temperature)
            for name, k in (
                ("whole set", None),
                ("chunks of 1,280", 1280 // batch_size),
                ("chunks of 5,120", 5120 // batch_size),
            )
        }
        row = {"input": data.name, "N": size}
        for name, selector in selectors.items():
            plan, seconds, memory = with_peak_memory(
                lambda selector=selector, data=data: selector.select(data.u, data.v, torch.Generator().manual_seed(0))
            )
            row |= {f"{name} (s)": seconds, f"{name} loss": float(mini_batch_loss(data.u, data.v, plan, temperature))}
            if name == "whole set":
                row["peak memory (MiB)"] = memory
        rows.append(row)
    return pd.DataFrame(rows)
