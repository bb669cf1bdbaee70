"""Selectors as text: what their repr shows, and what a saved plan remembers of the selector that made it."""

import inspect
import re
import zlib

import numpy as np
import torch
from torch import Tensor

WITHOUT_EFFECT = ("workers", "max_batches")  # arguments that never change which batches are chosen


def describe_call(cls: type, values: dict[str, object], identity: bool) -> str:
    """Return the call of `cls` that made an object, such as "SwapSearch(32, temperature=0.1)", in one line.

    Arguments without a default come by position, others by name and only where they differ from it. The text is the same in
    every process: no addresses in memory.

    Args:
        cls: the class; its constructor decides names, order and defaults.
        values: by name, the arguments that are known; others are left out.
        identity: leave out what never changes the batches (`WITHOUT_EFFECT`), and tell arrays of one shape apart.
    """
    shown, by_position = [], True
    for name, parameter in inspect.signature(cls).parameters.items():
        if name not in values or (identity and name in WITHOUT_EFFECT):
            by_position = False
            continue
        text = describe_value(values[name], identity)
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD and by_position:
            shown.append(text)
        elif parameter.default is parameter.empty or text != describe_value(parameter.default, identity):
            shown.append(f"{name}={text}")
    return f"{cls.__name__}({', '.join(shown)})"


def describe_value(value: object, identity: bool) -> str:
    """Return an argument as text in one line; of an array only type and shape, and a checksum for `identity`."""
    if hasattr(type(value), "described"):
        return value.described(identity)
    if isinstance(value, list | tuple):
        inside = ", ".join(describe_value(item, identity) for item in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        value = torch.tensor(np.ascontiguousarray(value), device="cpu")
    if isinstance(value, Tensor):
        kind = f"{value.dtype} {list(value.shape)}".removeprefix("torch.")
        return f"<{kind}, checksum {_checksum(value):08x}>" if identity else f"<{kind}>"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 1 and 1.0 are one argument
    return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(value).split()))


def _checksum(value: Tensor) -> int:
    return zlib.crc32(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
