"""What is tuned: parameters with their ranges, as points of a box with sides of length 1.

    space = Space({"lr": "0.001 to 1, log", "k": "2 to 80, log integer", "hardness": "0 to 1", "batch_size": [16, 32, 64]})
    settings = space.settings(space.draw(5, generator))
    # five such as {"lr": 0.0132, "k": 17, "hardness": 0.615, "batch_size": 32}

What a process learns from is the point of the setting that was really tried: points are rounded to settings first.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Generator, Tensor

from replication.torch_settings import plain_tensors
from replication.tuning.gaussian_process import as_points
from replication.tuning.ranges import read_range
from replication.validation import check_count


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
