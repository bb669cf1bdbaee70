"""The paper's retrieval on corrupted data sets: one image, all its corruptions."""

import torch
from torch import Tensor

from replication.directions import directions, moderate
from replication.evaluation.inputs import check_dimensions, checked_embeddings
from replication.evaluation.ranks import ranks_of_best
from replication.torch_settings import plain_tensors


@plain_tensors()
def corruption_retrieval(u: Tensor, v: Tensor, *, normalize: bool = True, images_at_once: int = 1024) -> dict[str, float]:
    """Return how often a view of a corrupted image finds the other view of it among all corruptions of the *same* image.

    Section 6.2 of the paper ("-C" data sets): the gallery of a query is its own image under each of the C corruptions, at one
    severity, so only the corruption tells the right answer from the wrong ones.

    Args:
        u, v: [C, N, d], two views of N images under C >= 2 corruptions.
        normalize: rank by cosine; False by inner product, as the released evaluation does.
        images_at_once: number of images in a block.

    Returns:
        R@1 in %: "u2v", "v2u" and their "mean", over all images and corruptions; and "chance", 100/C. Ties count as misses.

    Raises:
        TypeError, ValueError: wrong kinds or shapes, fewer than two corruptions, or values that are not finite.
    """
    u, v = checked_embeddings("u", u, "[C, N, d]"), checked_embeddings("v", v, "[C, N, d]")
    check_dimensions("u", u, "v", v)
    if u.shape != v.shape:
        raise ValueError(f"v has shape {list(v.shape)}; it must equal the shape of u, {list(u.shape)}")
    corruptions, images, _ = u.shape
    if corruptions < 2:
        raise ValueError(f"u has shape {list(u.shape)}; it must hold C >= 2 corruptions, or there is nothing to tell apart")
    found = {"u2v": 0, "v2u": 0}
    for block_u, block_v in zip(u.split(images_at_once, dim=1), v.split(images_at_once, dim=1), strict=True):
        for name, queries, gallery in (("u2v", block_u, block_v), ("v2u", block_v, block_u)):
            found[name] += _hits(queries.transpose(0, 1), gallery.transpose(0, 1), normalize)
    result = {name: 100 * hits / (corruptions * images) for name, hits in found.items()}
    return result | {"mean": 0.5 * (result["u2v"] + result["v2u"]), "chance": 100 / corruptions}


def _hits(queries: Tensor, gallery: Tensor, normalize: bool) -> int:
    """Count the queries [n, C, d] whose partner in the gallery [n, C, d] of their own image ranks first."""
    if normalize:
        queries, gallery = directions(queries, dim=2), directions(gallery, dim=2)
    else:  # factors of a query, or of all its candidates, leave the ranks as they are
        queries, gallery = moderate(queries, dim=2), moderate(gallery, dim=(1, 2))
    scale = queries.norm(dim=2, keepdim=True) * (1.0 if normalize else gallery.norm(dim=2)[:, None])
    own = torch.arange(queries.shape[1], dtype=torch.int64, device=queries.device)[None, :, None].expand(len(queries), -1, 1)
    return int((ranks_of_best(queries @ gallery.mT, own, scale) == 1).sum())
