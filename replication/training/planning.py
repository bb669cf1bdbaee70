"""One plan an epoch: the features of the whole training set, and a selector's batches from them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import LongTensor, Tensor

from replication.seeding import derived_seed
from replication.selection import BatchSelector
from replication.selection.filled_epoch import fill_epoch


@dataclass(frozen=True)
class Plan:
    """An epoch's batches [floor(N/B), B], and the seconds that feature passes and choosing took."""

    batches: LongTensor
    feature_seconds: float
    selection_seconds: float


def plan_epoch(
    selector: BatchSelector,
    num_samples: int,
    embed: Callable[[int], tuple[Tensor, Tensor]],
    seed: int,
    epoch: int,
    refresh_features: bool = False,
) -> Plan:
    """Return the plan of an epoch: floor(N/B) batches for every selector, so that all make equally many updates.

    Args:
        selector: chooses the batches. One that needs no embeddings costs no feature pass.
        num_samples: size of the training set, N.
        embed: the number of the pass (from 0) to embeddings u, v [N, d] of two views of all samples, in the order of the
            data.
        seed, epoch: what the plan depends on besides the embeddings.
        refresh_features: a selector that returns fewer batches than an epoch needs, as OSGD does, is asked again. False:
            with other candidates from the same features. True: after another feature pass, as in the released code.

    Raises:
        FloatingPointError: the features are not finite.
    """
    spent = {"features": 0.0, "selection": 0.0}
    passes, views = 0, None

    def select(generator: torch.Generator) -> LongTensor:
        """Return some batches [M, B]; the seconds of features and of choosing are counted apart."""
        nonlocal passes, views
        begin = time.perf_counter()
        if selector.uses_embeddings and (views is None or refresh_features):
            views = embed(passes)
            passes += 1
            if not all(torch.isfinite(view).all() for view in views):
                raise FloatingPointError(f"the features for the plan of epoch {epoch + 1} are not finite")
        middle = time.perf_counter()
        rows = selector.select(*views, generator) if selector.uses_embeddings else selector.plan(num_samples, generator)
        spent["features"] += middle - begin
        spent["selection"] += time.perf_counter() - middle
        return rows

    length = num_samples // (selector.batch_size or num_samples)
    generator = torch.Generator().manual_seed(derived_seed(seed, "plan", epoch))
    return Plan(fill_epoch(select, length, generator), spent["features"], spent["selection"])
