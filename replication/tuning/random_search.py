"""Random search: what every cleverer rule has to beat."""

from collections.abc import Sequence

from torch import Generator, Tensor

from replication.tuning.space import Space


def random_search(space: Space, count: int, generator: Generator, known: Sequence[dict] = ()) -> Tensor:
    """Return points [count, d] drawn evenly from the space, none known, all different.

    Raises:
        ValueError: fewer than `count` settings are left.
    """
    points = space.draw(count, generator, known)
    if len(points) < count:
        raise ValueError(f"count={count} must be <= {len(points)}, the number of settings that are not known yet")
    return points
