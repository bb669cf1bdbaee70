"""The rank of the right answer among scores, with ties counted against it."""

import torch
from torch import Tensor

ROUNDING = 8  # in units of the type's epsilon: what the same inner product may differ by between two places of a product


def ranks_of_best(scores: Tensor, correct: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    """Return the rank of the best-scored correct candidate: 1 + the number of wrong candidates with at least its score.

    Ties count against the right answer, so embeddings that are all alike rank last, not first. Scores closer than rounding
    count as ties. Other correct candidates do not count: one hit is enough.

    Args:
        scores: [..., M], larger is better.
        correct: bool, of a shape that broadcasts against `scores`; at least one True in each row.
        scale: largest size that a score can have (1 for cosines), a number or [..., 1]: rounding grows with it.

    Returns:
        Ranks [...], int64, from 1.
    """
    best = scores.masked_fill(~correct, -torch.inf).amax(dim=-1, keepdim=True)
    rounding = ROUNDING * torch.finfo(scores.dtype).eps * scale
    return 1 + ((scores >= best - rounding) & ~correct).sum(dim=-1)
