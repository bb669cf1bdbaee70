"""The rank of the right answer among scores, with ties counted against it."""

import torch
from torch import Tensor

ROUNDING = 8  # in units of the type's epsilon: what the same inner product may differ by between two places of a product


def ranks_of_best(scores: Tensor, answers: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    """Return the rank of the best-scored right answer: 1 + the number of wrong candidates with at least its score.

    Ties count against the right answer, so embeddings that are all alike rank last, not first. Scores closer than rounding
    count as ties. Other right answers do not count: one hit is enough.

    Args:
        scores: [..., M], larger is better.
        answers: [..., P] int64, the right candidates of each row, at least one; filled up with -1 where they are fewer.
        scale: largest size that a score can have (1 for cosines): rounding grows with it. A number or [..., 1] for all
            candidates of a row, or [..., M] for each of them; two scores then differ by the rounding of the larger one.

    Returns:
        Ranks [...], int64, from 1.
    """
    right = scores.gather(-1, answers.clamp(min=0)).masked_fill(answers < 0, -torch.inf)  # [..., P]
    best = right.amax(dim=-1, keepdim=True)
    if isinstance(scale, Tensor) and scale.shape[-1] > 1:
        of_best = scale.gather(-1, answers.gather(-1, right.argmax(dim=-1, keepdim=True)))
        scale = torch.maximum(scale, of_best)
    level = best - ROUNDING * torch.finfo(scores.dtype).eps * scale
    if level.shape[-1] > 1:
        reached = scores >= level
        own = reached.gather(-1, answers.clamp(min=0)) & (answers >= 0)
        return 1 + reached.sum(dim=-1, dtype=torch.int32).long() - own.sum(dim=-1)
    # Counting in int32 takes half the time of the default on a CPU, and this is most of the time of retrieval.
    return 1 + (scores >= level).sum(dim=-1, dtype=torch.int32).long() - (right >= level).sum(dim=-1)
