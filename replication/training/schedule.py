"""The learning-rate schedule of the experiments."""

import math

from replication.validation import check_count


def warmup_cosine(step: int, total_steps: int, warmup_steps: int) -> float:
    """Return the factor of the learning rate at a step: linear from 0 to 1, then half a cosine back to 0.

    Args:
        step: the update about to be made, from 0.
        total_steps: updates of the whole run; from there on the factor is 0.
        warmup_steps: updates in which the rate rises.

    Raises:
        ValueError: `warmup_steps` is larger than `total_steps`.
    """
    check_count("warmup_steps", warmup_steps, 0, total_steps, "total_steps")
    if step < warmup_steps:
        return step / warmup_steps
    if step >= total_steps:
        return 0.0
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))
