"""Retrieval: find the partner of each embedding in a gallery of all of them."""

from collections.abc import Iterable

import torch
from torch import Tensor

from replication.directions import directions, moderate
from replication.evaluation.inputs import check_dimensions, checked_embeddings, checked_groups
from replication.evaluation.ranks import ranks_of_best
from replication.torch_settings import plain_tensors
from replication.validation import check_count


@plain_tensors()
def retrieval(
    queries: Tensor,
    gallery: Tensor,
    query_groups: Tensor | None = None,
    gallery_groups: Tensor | None = None,
    *,
    normalize: bool = True,
    max_elements: int = 2**25,
) -> Tensor:
    """Return the rank of the best right answer to each query: 1 is a hit at once, M the worst.

    Args:
        queries: [N, d].
        gallery: [M, d].
        query_groups, gallery_groups: integers or booleans [N] and [M]; an item is a right answer if its group is the query's.
            Groups may hold several queries and several items: with five captions an image, give every caption the number of
            its image. None, for both, means N = M and item i for query i.
        normalize: rank by cosine; False by inner product, as the released evaluation does.
        max_elements: the scores are computed in blocks of about this many.

    Returns:
        Ranks [N], int64, on the CPU. Ties count against the right answer, see `ranks_of_best`.

    Raises:
        TypeError, ValueError: wrong kinds or shapes, values that are not finite, groups for one side only, or a query without
            a right answer.
    """
    queries, gallery = checked_embeddings("queries", queries), checked_embeddings("gallery", gallery, "[M, d]")
    check_dimensions("queries", queries, "gallery", gallery)
    answers, of_query = _right_answers(query_groups, gallery_groups, queries, gallery)
    if normalize:
        queries, gallery = directions(queries, dim=1), directions(gallery, dim=1)
    else:  # factors of a query, or of the gallery, leave the ranks as they are
        queries, gallery = moderate(queries, dim=1), moderate(gallery, dim=(0, 1))
    lengths = torch.ones((), dtype=gallery.dtype, device=gallery.device) if normalize else gallery.norm(dim=1)
    rows = max(1, max_elements // len(gallery))
    ranks = []
    for block, groups in zip(queries.split(rows), of_query.split(rows), strict=True):
        scale = block.norm(dim=1, keepdim=True) * lengths
        ranks.append(ranks_of_best(block @ gallery.T, answers[groups], scale))
    return torch.cat(ranks).cpu()


@plain_tensors()
def retrieval_metrics(
    u: Tensor,
    v: Tensor,
    u_groups: Tensor | None = None,
    v_groups: Tensor | None = None,
    *,
    normalize: bool = True,
    ks: Iterable[int] = (1, 5, 10),
) -> dict[str, float]:
    """Return how well each view retrieves the other (section 6.2 of the paper: "original" data sets).

    Args:
        u, v: [N, d] and [M, d], N = M unless groups are given.
        u_groups, v_groups, normalize: as in `retrieval`.
        ks: the k of "recall at k", each >= 1.

    Returns:
        For both directions and their mean, "u2v ...", "v2u ...", "mean ...": "R@k" for every k, the share of queries with a
        right answer among the first k in %; "MRR", the mean of 1/rank; "median rank".

    Example:
        >>> u = torch.eye(4)
        >>> found = retrieval_metrics(u, u, ks=(1,))
        >>> found["mean R@1"], found["mean MRR"]
        (100.0, 1.0)

    Raises:
        TypeError, ValueError: as in `retrieval`; or `ks` that are not integers >= 1.
    """
    if not isinstance(ks, Iterable):
        raise TypeError(f"ks={ks!r} must be several integers, such as ({ks!r},)")
    ks = [check_count("k", k, 1) for k in ks]
    metrics = _summary("u2v", retrieval(u, v, u_groups, v_groups, normalize=normalize), ks)
    metrics |= _summary("v2u", retrieval(v, u, v_groups, u_groups, normalize=normalize), ks)
    names = [name.removeprefix("u2v ") for name in metrics if name.startswith("u2v ")]
    return metrics | {f"mean {name}": 0.5 * (metrics[f"u2v {name}"] + metrics[f"v2u {name}"]) for name in names}


def _summary(direction: str, ranks: Tensor, ks: list[int]) -> dict[str, float]:
    ranks = ranks.double()
    summary = {f"{direction} R@{k}": 100 * float((ranks <= k).double().mean()) for k in ks}
    return summary | {f"{direction} MRR": float((1 / ranks).mean()), f"{direction} median rank": float(ranks.quantile(0.5))}


def _right_answers(query_groups, gallery_groups, queries: Tensor, gallery: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gallery positions of each group [G, P], filled up with -1, and the row of each query [N] in that table."""
    one_each = query_groups is None
    query_groups, gallery_groups = checked_groups(query_groups, gallery_groups, queries, gallery)
    if one_each:
        return query_groups.unsqueeze(1), query_groups
    groups, of_item, sizes = gallery_groups.unique(return_inverse=True, return_counts=True)
    order = of_item.argsort()  # the items, group after group
    place = torch.arange(len(gallery), dtype=torch.int64, device=order.device) - (sizes.cumsum(0) - sizes)[of_item[order]]
    table = order.new_full((len(groups), int(sizes.max())), -1)
    table[of_item[order], place] = order
    return table, torch.searchsorted(groups, query_groups)
