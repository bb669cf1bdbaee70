"""Retrieval by heads, in both directions, with one or more captions of each item."""

import torch
from torch import LongTensor

from replication.evaluation import retrieval
from replication.features import PairFeatures
from replication.heads.networks import StackedHeads

KS = (1, 5, 10)


def retrieval_ranks(heads: StackedHeads, features: PairFeatures) -> dict[str, LongTensor]:
    """Return the rank of the best right answer to each query: "u2v" [N] of items among captions, "v2u" [C] the other way.

    Args:
        heads: of one training (G = 1).
        features: of a split; items are seen in their first view.
    """
    u, v = heads.embed("left", features.left[0]), heads.embed("right", features.right)
    items = torch.arange(len(features), device=u.device)
    of_caption = features.item_of_caption.to(u.device)
    return {"u2v": retrieval(u, v, items, of_caption), "v2u": retrieval(v, u, of_caption, items)}


def measures_of_ranks(ranks: dict[str, LongTensor]) -> dict[str, float]:
    """Return "u2v R@k", "v2u R@k" and "mean R@k" in % for k = 1, 5, 10, as `retrieval_metrics` does."""
    found = {f"{side} R@{k}": 100 * float((of_side <= k).double().mean()) for side, of_side in ranks.items() for k in KS}
    return found | {f"mean R@{k}": 0.5 * (found[f"u2v R@{k}"] + found[f"v2u R@{k}"]) for k in KS}
