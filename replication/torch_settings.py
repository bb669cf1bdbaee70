"""The caller's torch settings, kept away from the library's arithmetic; they are as before once a block ends.

Both are thread-local, so other threads notice nothing. The default dtype and the default device, which torch keeps for the
process or the thread, are not set here: every tensor that the library makes names its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch


def _accelerator() -> str:
    """Return the device type that torch was built for beside the CPU, or "cpu" where there is none with autocast."""
    found = torch.accelerator.current_accelerator()
    return found.type if found is not None and torch.amp.is_autocast_available(found.type) else "cpu"


ACCELERATOR = _accelerator()


@contextmanager
def full_precision() -> Iterator[None]:
    """Compute in the types of the tensors, also inside the caller's `torch.autocast`. A decorator too."""
    if not (torch.is_autocast_enabled("cpu") or torch.is_autocast_enabled(ACCELERATOR)):
        yield  # the rule; entering takes longer than many a plan
        return
    with torch.autocast("cpu", enabled=False), torch.autocast(ACCELERATOR, enabled=False):
        yield


@contextmanager
def plain_tensors() -> Iterator[None]:
    """Compute as `full_precision` does and without a graph. A decorator too.

    What the block makes are ordinary tensors, also inside the caller's `torch.inference_mode`, whose own tensors no later
    training could use.
    """
    with torch.inference_mode(False) if torch.is_inference_mode_enabled() else nullcontext(), torch.no_grad(), full_precision():
        yield
