"""Retrieval by heads, in both directions, with one or more captions of each item."""

from dataclasses import replace

import numpy as np
import torch
from torch import LongTensor

from replication.evaluation import paired_bootstrap, retrieval
from replication.evaluation.bootstrap import Bootstrapped
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


def difference_over_queries(
    first: list[dict[str, LongTensor]], second: list[dict[str, LongTensor]], features: PairFeatures, k: int = 10
) -> Bootstrapped:
    """Return by how many points "mean R@k" of `first` is larger than of `second`, and how sure that is over the test queries.

    Items are drawn with all their captions, both directions together; see `paired_bootstrap`.

    Args:
        first, second: ranks of one or more trainings each, as `retrieval_ranks` gives them for `features`.
        features: of the test split.
        k: of R@k.
    """

    def hits(trainings: list[dict[str, LongTensor]]) -> np.ndarray:
        """Return the hits (0 or 100) of all queries, items first, so weighted that both directions count alike."""
        sides = [[100.0 * (ranks[side].cpu().numpy() <= k) for side in ("u2v", "v2u")] for ranks in trainings]
        return np.stack([np.concatenate([hit * len(features) / len(hit) for hit in both]) for both in sides])

    clusters = np.concatenate([np.arange(len(features)), features.item_of_caption.numpy()])
    found = paired_bootstrap(hits(first), hits(second), clusters)
    scale = len(clusters) / (2 * len(features))  # the bootstrap takes the mean over queries of what was spread on items
    return replace(found, difference=found.difference * scale, low=found.low * scale, high=found.high * scale)
