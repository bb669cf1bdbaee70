"""Checks of user input: each raises one line that names the argument, its value and what is allowed."""

import operator
from collections.abc import Callable
from numbers import Real

import numpy as np
import torch
from torch import Tensor

HALF_PRECISION = (torch.float16, torch.bfloat16)


def check_count(name: str, value: int, low: int, high: int | None = None, why_high: str = "") -> int:
    """Return `value` as an int after checking low <= value <= high.

    Raises:
        TypeError: `value` is not an integer.
        ValueError: it lies outside the range; `why_high` says in words where the upper limit comes from.
    """
    truth = isinstance(value, bool) or (isinstance(value, Tensor) and value.dtype == torch.bool)
    try:
        if truth:
            raise TypeError
        value = operator.index(value)
    except TypeError:  # arrays and tensors know only when asked whether they are one integer
        raise TypeError(f"{name}={value!r} must be an integer") from None
    if value < low or (high is not None and value > high):
        limit = "" if high is None else f" and <= {high}{f' ({why_high})' if why_high else ''}"
        raise ValueError(f"{name}={value} must be >= {low}{limit}")
    return value


def check_num_samples(value: int, low: int) -> int:
    """Return `value`, the size of the data, as `check_count` does; whoever passes the data instead is told so."""
    if not isinstance(value, str | bytes) and _has_length(value):
        raise TypeError(f"num_samples is {type(value).__name__}; it must be an integer: pass len(data), not the data")
    return check_count("num_samples", value, low)


def _has_length(value) -> bool:
    try:
        len(value)
    except TypeError:
        return False
    return True


def check_choice(name: str, value: str, allowed) -> str:
    """Return `value` after checking that it is one of `allowed`; ValueError otherwise."""
    if value not in list(allowed):  # a list, unlike a mapping, can be asked for what has no hash
        raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, allowed))}")
    return value


def check_distinct(name: str, values: list[str], needed: str = "") -> list[str]:
    """Return `values` after checking that they are a list of different names, `needed` among them; ValueError otherwise."""
    if not isinstance(values, list | tuple) or not values or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name}={values!r} must be a list of one or more names")
    if len(set(values)) < len(values):
        raise ValueError(f"{name}={values!r} must not hold a name twice")
    if needed and needed not in values:
        raise ValueError(f"{name}={values!r} must hold {needed!r}, which the others are compared with")
    return values


def check_text(name: str, value: str) -> str:
    """Return `value` after checking that it is a text; TypeError otherwise."""
    if not isinstance(value, str):
        raise TypeError(f"{name}={value!r} must be a text")
    return value


def check_flag(name: str, value: bool) -> bool:
    """Return `value` after checking that it is true or false; TypeError otherwise."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}={value!r} must be true or false")
    return value


def check_each(name: str, values: list, check: Callable, *limits) -> list:
    """Return `values` after checking that they are a list of one or more, each by `check(name, value, *limits)`.

    Raises:
        TypeError, ValueError: as `check`, with the name and place of the value; ValueError if `values` is no list, or empty.
    """
    if not isinstance(values, list | tuple) or not values:
        raise ValueError(f"{name}={values!r} must be a list of one or more values")
    for place, value in enumerate(values):
        check(f"{name}[{place}]", value, *limits)
    return values


def check_tuple(name: str, values: list[int], parts: str) -> list[int]:
    """Return `values` after checking that they are integers, one for each letter of `parts`, as "N, d"; else ValueError."""
    whole = isinstance(values, list | tuple) and not any(isinstance(v, bool) or not isinstance(v, int) for v in values)
    if not whole or len(values) != len(parts.split(", ")):
        raise ValueError(f"{name}={values!r} must be [{parts}], integers")
    return values


def check_positive(name: str, value: float) -> float:
    """Return `value` after checking that it is a finite number above zero.

    Raises:
        TypeError: `value` is not a number; nor is a tensor, also where it holds only one.
        ValueError: it is zero, negative, NaN or infinite.
    """
    if isinstance(value, Tensor):
        raise TypeError(f"{name} is a tensor of shape {list(value.shape)}; pass a number, such as {name}.item()")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}={value!r} must be a number")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name}={value} must be a finite number > 0")
    return value


def check_not_negative(name: str, value: float, below: float = float("inf")) -> float:
    """Return `value` after checking that it is a finite number, zero or more, and less than `below`.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < below:
        allowed = "a finite number >= 0" if below == float("inf") else f"a number >= 0 and < {below}"
        raise ValueError(f"{name}={value!r} must be {allowed}")
    return value


def has_values(x: Tensor) -> bool:
    """Return whether `x` holds numbers; tensors of the meta device have only shapes."""
    return x.device.type != "meta"


def check_has_values(name: str, x: Tensor) -> None:
    """Raise ValueError if `x` is on the meta device and so holds no values."""
    if not has_values(x):
        raise ValueError(f"{name} is on the meta device, which holds no values; it must be on one that does, such as the CPU")


def check_pairs(u: Tensor, v: Tensor) -> None:
    """Check that `u` and `v` are finite floating-point embeddings of one type and shape [N, d] with N >= 2 and d >= 1.

    On the meta device there is nothing to look at but kind and shape.

    Raises:
        TypeError: one of them is not a floating-point tensor, or their types differ.
        ValueError: wrong shape, fewer than two pairs, or a value that is NaN or infinite.
    """
    for name, x in (("u", u), ("v", v)):
        if not isinstance(x, Tensor) or not x.is_floating_point():
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"{name} is {kind}; it must be a floating-point tensor of shape [N, d]{_advice(name, x)}")
        if x.ndim != 2 or x.shape[0] < 2 or x.shape[1] < 1:
            advice = _advice(name, x)
            raise ValueError(f"{name} has shape {list(x.shape)}; it must be [N, d] with N >= 2 pairs and d >= 1{advice}")
    if u.dtype != v.dtype:
        raise TypeError(f"v is {v.dtype}; it must have the type of u, {u.dtype}")
    if u.shape != v.shape:
        raise ValueError(f"v has shape {list(v.shape)}; it must equal the shape of u, {list(u.shape)}")
    for name, x in (("u", u), ("v", v)):
        bad = (~torch.isfinite(x)).any(dim=1)
        if has_values(x) and bad.any():
            count, first = int(bad.sum()), int(bad.nonzero()[0])
            raise ValueError(
                f"{name} has {count} of {len(x)} rows with NaN or infinity (first: row {first}); all must be finite"
            )


def _advice(name: str, x) -> str:
    """Return what to write instead of `x`, as the end of a message about embeddings; empty where nobody knows."""
    if isinstance(x, np.ndarray):
        return f": use torch.from_numpy({name})"
    if (isinstance(x, list | tuple) or (isinstance(x, Tensor) and x.ndim == 3)) and len(x) == 2:
        return ": pass the two views one by one, u and v"
    return ""


def check_unit_rows(name: str, x: Tensor) -> None:
    """Check that the rows of `x` [N, d] have norm 1 within 1e-3, or 2e-2 in half precision; ValueError otherwise."""
    tolerance = 2e-2 if x.dtype in HALF_PRECISION else 1e-3
    off = (x.detach().float().norm(dim=1) - 1).abs()
    if has_values(x) and off.max() > tolerance:
        row = int(off.argmax())
        norm = float(x[row].detach().float().norm())
        raise ValueError(
            f"{name}[{row}] has norm {norm:.4g}; rows must have norm 1 within {tolerance:g} (or pass normalize=True)"
        )


def unit_rows(name: str, x: Tensor) -> Tensor:
    """Return `x` [N, d] with its rows scaled to norm 1, half precision cast up to float32.

    Raises:
        ValueError: a row is the zero vector, which has no direction.
    """
    x = x.float() if x.dtype in HALF_PRECISION else x
    # Scaling by the largest entry first keeps the norm of tiny (or huge) rows from under- (or over-)flowing.
    peak = x.abs().amax(dim=1, keepdim=True)
    if has_values(x) and (peak == 0).any():
        row = int((peak == 0).flatten().nonzero()[0])
        raise ValueError(f"{name}[{row}] is the zero vector; every row must have a direction")
    x = x / peak
    return x / x.norm(dim=1, keepdim=True)


def one_line(text: str) -> str:
    """Return a text with each run of white space, line breaks of every kind among it, as one space; NUL is left out."""
    return " ".join(text.replace("\0", "").split())
