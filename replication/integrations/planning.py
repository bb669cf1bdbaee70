"""Plans made with the model as it is when an epoch begins."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from replication.integrations.dealt_batches import DealtBatches
from replication.validation import check_count


class EpochPlanner:
    """Embeds all samples with the current model and plans, at the beginning of every epoch or of every n-th.

    Args:
        embed: takes the model, in eval mode and without gradients, and returns the embeddings (u, v) of all samples [N, d],
            in the order of the data, or u alone where v is the same; or (u, v, temperature) where the temperature of the
            loss is learned. Or a pair (u, v) made elsewhere, once for all epochs. Never called where the selector needs no
            embeddings.
        every: embeddings are made anew in every n-th epoch, >= 1; plans in every one.

    Raises:
        TypeError, ValueError: `embed` is neither a function nor a pair; `every` is out of range.
    """

    def __init__(self, embed: Callable[[nn.Module], tuple] | tuple[Tensor, Tensor], every: int = 1):
        if not callable(embed) and not (isinstance(embed, tuple | list) and len(embed) == 2):
            raise TypeError(f"embed is {type(embed).__name__}; it must be a function of the model or a pair (u, v)")
        self.embed, self.every = embed, check_count("every", every, 1)
        self._kept = None if callable(embed) else tuple(embed)

    def plan(self, batches: DealtBatches, epoch: int, model: nn.Module) -> None:
        """Give `batches` the plan of an epoch, unless they have it, as after resuming."""
        batches.set_epoch(epoch)
        if batches.planned.plan is not None or not batches.planned.selector.uses_embeddings:
            return
        if callable(self.embed) and (self._kept is None or epoch % self.every == 0):
            with evaluating(model), torch.no_grad():
                self._kept = _arguments(self.embed(model))
        batches.update(*self._kept)


def _arguments(found) -> tuple:
    """Return what `embed` gave as arguments of `update`; one tensor alone is both views."""
    if isinstance(found, Tensor):
        return (found,)
    if not isinstance(found, tuple | list) or len(found) not in (2, 3):
        kind = f"{len(found)} values" if isinstance(found, tuple | list) else type(found).__name__
        raise TypeError(f"embed returned {kind}; it must return (u, v), (u, v, temperature), or u alone where v is the same")
    return tuple(found)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into eval mode; each part is afterwards in the mode it was in."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
