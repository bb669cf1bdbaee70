"""What is tuned: parameters with their ranges, as points of a box with sides of length 1.

    space = Space({"lr": "0.001 to 1, log", "k": "2 to 80, log integer", "hardness": "0 to 1", "batch_size": [16, 32, 64]})
    settings = space.settings(space.draw(5, generator))     # [{"lr": 0.0132, "k": 17, "hardness": 0.615, "batch_size": 32}, ...

What a process learns from is the point of the setting that was really tried: points are rounded to settings first.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from replication.torch_settings import plain_tensors
from replication.tuning.gaussian_process import as_points
from replication.validation import check_count

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


class Space:
    """Parameters with their ranges.

    Args:
        ranges: by parameter a line, "LOW to HIGH" with ", log", ", integer" or ", log integer" behind it; a list of numbers
            in rising order; or a `Range` or `Steps`.

    Raises:
        TypeError, ValueError: no parameter, or a range that cannot be read, in one line.
    """

    def __init__(self, ranges: dict):
        if not isinstance(ranges, dict) or not ranges:
            raise TypeError(f"ranges={ranges!r} must be a mapping of one or more parameters to their ranges")
        self.ranges = {name: read_range(name, value) for name, value in ranges.items()}

    @property
    def names(self) -> list[str]:
        """The parameters."""
        return list(self.ranges)

    @property
    def size(self) -> int | None:
        """How many settings there are; None: too many to tell."""
        choices = [each.choices() for each in self.ranges.values()]
        return None if None in choices else math.prod(map(len, choices))

    def settings(self, points: Tensor) -> list[dict]:
        """Return the settings at points [n, d] of the unit box, rounded to what can be tried."""
        columns = as_points("points", points, len(self.ranges)).T.numpy()
        values = [each.values(column) for each, column in zip(self.ranges.values(), columns, strict=True)]
        return [dict(zip(self.ranges, row, strict=True)) for row in zip(*values, strict=True)]

    def points(self, settings: Sequence[dict]) -> Tensor:
        """Return the points [n, d] of settings, float64.

        Raises:
            ValueError: a setting has other parameters, or a value outside its range.
        """
        for setting in settings:
            if set(setting) != set(self.ranges):
                raise ValueError(f"setting {setting!r} must have the parameters {', '.join(self.ranges)}")
            for name, each in self.ranges.items():
                if not each.holds(setting[name]):
                    raise ValueError(f"{name}={setting[name]!r} must be in its range, {each}")
        places = [each.places([setting[name] for setting in settings]) for name, each in self.ranges.items()]
        return torch.from_numpy(np.stack(places, axis=1).astype(np.float64))

    def rounded(self, points: Tensor) -> Tensor:
        """Return the points of the settings at points [n, d]."""
        return self.points(self.settings(points))

    @plain_tensors()
    def draw(self, count: int, generator: Generator, known: Sequence[dict] = ()) -> Tensor:
        """Return different random points [count, d], rounded, none of them that of a known setting; fewer if there are no more.

        Args:
            count: how many, >= 1.
            generator: where they come from.
            known: settings to leave out.
        """
        check_count("count", count, 1)
        points = self.all_points() if self.size is not None and self.size <= 4 * (count + len(known)) else None
        if points is None:  # so many that four times as many draws hold enough different ones
            draws = 4 * (count + len(known))
            points = self.rounded(torch.rand(draws, len(self.ranges), generator=generator, dtype=torch.float64, device="cpu"))
        else:
            points = points[torch.randperm(len(points), generator=generator, device="cpu")]
        return self.fresh(points, known)[:count]

    def all_points(self) -> Tensor:
        """Return the points [size, d] of all settings; for a space whose `size` is known."""
        axes = [torch.from_numpy(each.places(each.choices())) for each in self.ranges.values()]
        return torch.cartesian_prod(*axes).view(-1, len(axes))

    def fresh(self, points: Tensor, known: Sequence[dict]) -> Tensor:
        """Return the first of equal points, in their order, less those of known settings."""
        seen = {tuple(setting.values()) for setting in self.settings(self.points(known))} if known else set()
        keep = []
        for place, setting in enumerate(self.settings(points)):
            values = tuple(setting.values())
            if values not in seen:
                seen.add(values)
                keep.append(place)
        return points[keep]


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
