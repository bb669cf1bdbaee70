"""An epoch of a given number of batches, from a selector that returns fewer or more."""

from collections.abc import Callable

import torch
from torch import Generator, LongTensor

from replication.selection.base import random_order
from replication.torch_settings import plain_tensors


def fill_epoch(select: Callable[[Generator], LongTensor], length: int, generator: Generator) -> LongTensor:
    """Return exactly `length` batches [length, B]: `select` is called until they are enough.

    Of one call that returns too many, a random subset is taken; the last of several calls is cut at its end.
    """
    plans = [select(generator)]
    if not len(plans[0]):
        raise ValueError("the selector returned no batches; it must return one or more")
    while sum(map(len, plans)) < length:
        plans.append(select(generator))
    with plain_tensors():
        rows = torch.cat(plans)
        return rows[random_order(len(rows), generator)[:length] if len(plans[0]) > length else slice(length)]
