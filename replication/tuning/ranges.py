"""Ranges of parameters: places in [0, 1] for values that can be tried."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DIGITS = 3  # significant ones of numbers, so that a setting can be written down
LINE = re.compile(r"(?P<low>\S+) to (?P<high>[^\s,]+)\s*(?:,(?P<words>[\w ]*))?")
WORDS = {"", "log", "integer", "log integer", "integer log"}


@dataclass(frozen=True)
class Range:
    """A number between two ends.

    Attributes:
        low, high: the ends, both allowed.
        log: equal steps are equal factors.
        integer: whole numbers alone, each as likely as its share of the range.
        digits: significant digits that other numbers are rounded to; None: all.
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False
    digits: int | None = DIGITS

    def values(self, unit: np.ndarray) -> list[float]:
        """Return the numbers at places [n] in [0, 1]."""
        low, high = self._ends()
        found = low + np.clip(unit, 0, 1) * (high - low)
        found = np.exp(found) if self.log else found
        if self.integer:
            return [int(number) for number in np.clip(np.rint(found), self.low, self.high)]
        if self.digits is not None:
            found = [float(f"{number:.{self.digits}g}") for number in found]
        return [float(number) for number in np.clip(found, self.low, self.high)]

    def places(self, values: Sequence[float]) -> np.ndarray:
        """Return the places [n] in [0, 1] of numbers, of integers the middle of theirs."""
        low, high = self._ends()
        values = np.asarray(values, dtype=float)
        return np.clip(((np.log(values) if self.log else values) - low) / (high - low), 0, 1)

    def holds(self, value) -> bool:
        """Return whether a value is one of the range."""
        kinds = int if self.integer else int | float
        return isinstance(value, kinds) and not isinstance(value, bool) and self.low <= value <= self.high

    def choices(self) -> list | None:
        """Return all values, or None where there are too many to tell."""
        return list(range(int(self.low), int(self.high) + 1)) if self.integer else None

    def _ends(self) -> tuple[float, float]:
        half = 0.5 if self.integer else 0.0
        ends = self.low - half, self.high + half
        return tuple(map(math.log, ends)) if self.log else ends


@dataclass(frozen=True)
class Steps:
    """One of some numbers in rising order, whose neighbours count as equally far apart, as of batch sizes 16, 32, 64."""

    numbers: tuple[float, ...]

    def values(self, unit: np.ndarray) -> list[float]:
        """Return the numbers at places [n] in [0, 1]."""
        count = len(self.numbers)
        return [self.numbers[place] for place in np.clip(unit * count, 0, count - 1).astype(int)]

    def places(self, values: Sequence[float]) -> np.ndarray:
        """Return the places [n] of numbers, in the middle of their share of [0, 1]."""
        return np.array([(self.numbers.index(value) + 0.5) / len(self.numbers) for value in values])

    def holds(self, value) -> bool:
        """Return whether a value is one of the numbers."""
        return not isinstance(value, bool) and value in self.numbers

    def choices(self) -> list:
        """Return all values."""
        return list(self.numbers)


def read_range(name: str, value) -> Range | Steps:
    """Return the range that a line or a list of numbers describes; see `Space`.

    Raises:
        ValueError: it cannot be read, or holds no two different values.
    """
    if isinstance(value, Range | Steps):
        return value
    if isinstance(value, list | tuple):
        numbers = [_number(each) for each in value]
        if len(numbers) < 2 or None in numbers or sorted(set(numbers)) != numbers:
            raise ValueError(f"{name}={value!r} must be two or more numbers in rising order")
        return Steps(tuple(numbers))
    found = LINE.fullmatch(value.strip()) if isinstance(value, str) else None
    low, high = (_number(found[end]) for end in ("low", "high")) if found else (None, None)
    words = " ".join((found["words"] or "").split()) if found else ""
    if low is None or high is None or words not in WORDS:
        raise ValueError(f"{name}={value!r} must be 'LOW to HIGH', with ', log', ', integer' or ', log integer', or a list")
    log, integer = "log" in words, "integer" in words
    if not low < high or (log and low <= 0) or (integer and not (low % 1 == 0 and high % 1 == 0)):
        ends = "integers " if integer else ""
        raise ValueError(f"{name}={value!r} must have {ends}LOW < HIGH{', both > 0' if log else ''}")
    return Range(low, high, log, integer)


def _number(text) -> float | int | None:
    """Return a finite number, an integer where it is written as one; None for anything else."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    for kind in (int, float):
        try:
            number = kind(text) if isinstance(text, str) else text
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None
