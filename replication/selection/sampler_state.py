"""What a saved state of a `PlannedBatchSampler` must hold, so that a resumed run goes on with its own plan and no other."""

from collections.abc import Mapping

import torch
from torch import LongTensor, Tensor

OWN = ("num_samples", "batch_size", "seed")  # must be those of the sampler
ENTRIES = {*OWN, "epoch", "plan", "position"}


def check_state(state: Mapping, own: dict) -> None:
    """Raise TypeError or ValueError unless `state` was saved by a sampler with the same `own` values; one line names the first.

    Args:
        state: what `state_dict()` returned.
        own: num_samples, batch_size, seed and selector of the sampler that is to go on. States of earlier versions do not tell
            their selector.
    """
    if not isinstance(state, Mapping):
        found = "None" if state is None else type(state).__name__
        raise TypeError(f"the saved state is {found}; it must be a dict that state_dict() returned")
    if missing := ENTRIES - set(state):
        raise ValueError(f"the saved state lacks {', '.join(sorted(missing))}; it must come from state_dict()")
    for name in (*OWN, "selector"):
        if state.get(name, own[name]) != own[name]:
            raise ValueError(f"the saved state has {name}={state[name]}; this sampler has {name}={own[name]}")


def check_plan(plan: LongTensor, length: int, batch_size: int, num_samples: int) -> None:
    """Raise ValueError unless `plan` holds `length` batches of so many of the samples."""
    allowed = f"it must hold integers [{length}, {batch_size}] from 0 to {num_samples - 1}"
    if not isinstance(plan, Tensor) or plan.dtype != torch.int64 or plan.shape != (length, batch_size):
        found = f"{plan.dtype} of shape {list(plan.shape)}" if isinstance(plan, Tensor) else type(plan).__name__
        raise ValueError(f"the saved plan is {found}; {allowed}")
    low, high = int(plan.min()), int(plan.max())
    if low < 0 or high >= num_samples:
        raise ValueError(f"the saved plan holds index {low if low < 0 else high}; {allowed}")
