"""Checks that the measures of this package share."""

import torch
from torch import Tensor

from replication.validation import HALF_PRECISION, check_has_values


def checked_embeddings(name: str, x: Tensor, shape: str = "[N, d]") -> Tensor:
    """Return embeddings without a graph, half precision cast up to float32.

    Args:
        name: of the argument, for the message.
        x: the embeddings.
        shape: what they must look like; the number of its letters is the number of dimensions.

    Raises:
        TypeError: `x` is no floating-point tensor.
        ValueError: wrong number of dimensions, an empty one, NaN or infinity among the values, or none (meta device).
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"{name} is {kind}; it must be a floating-point tensor {shape}")
    if x.ndim != shape.count(",") + 1 or 0 in x.shape:
        raise ValueError(f"{name} has shape {list(x.shape)}; it must be {shape}, none of them 0")
    check_has_values(name, x)
    if not torch.isfinite(x).all():
        count = int((~torch.isfinite(x)).sum())
        raise ValueError(f"{name} has {count} of {x.numel()} values that are NaN or infinite; all must be finite")
    x = x.detach()
    return x.float() if x.dtype in HALF_PRECISION else x


def checked_labels(name: str, labels: Tensor, count: int, device: torch.device) -> Tensor:
    """Return integer or boolean labels [count] as int64 on `device`.

    Raises:
        TypeError: no such tensor.
        ValueError: another number of them, or a tensor that holds no values (meta device).
    """
    if not isinstance(labels, Tensor) or labels.is_floating_point() or labels.is_complex():
        kind = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        raise TypeError(f"{name} is {kind}; it must be an integer tensor of shape [{count}]")
    if labels.shape != (count,):
        raise ValueError(f"{name} has shape {list(labels.shape)}; it must be [{count}], one for each embedding")
    check_has_values(name, labels)
    return labels.to(device, torch.int64)  # torch compares and sorts not all kinds of integers


def checked_groups(query_groups, gallery_groups, queries: Tensor, gallery: Tensor) -> tuple[Tensor, Tensor]:
    """Return the groups of queries [N] and gallery [M] as int64 on their device; where none are given, the numbers of the rows.

    Raises:
        TypeError: groups that are no integers.
        ValueError: groups of one side only or of another number; none, where N and M differ; a query without a right answer.
    """
    if (query_groups is None) != (gallery_groups is None):
        missing = "query_groups" if query_groups is None else "gallery_groups"
        raise ValueError(f"{missing} is None; give the groups of both sides or of none")
    if query_groups is None:
        if len(queries) != len(gallery):
            raise ValueError(f"gallery has {len(gallery)} rows; without groups it must have {len(queries)}, as many as queries")
        positions = torch.arange(len(queries), dtype=torch.int64, device=queries.device)
        return positions, positions
    query_groups = checked_labels("query_groups", query_groups, len(queries), queries.device)
    gallery_groups = checked_labels("gallery_groups", gallery_groups, len(gallery), queries.device)
    lonely = ~torch.isin(query_groups, gallery_groups)
    if lonely.any():
        first = int(lonely.nonzero()[0])
        raise ValueError(f"query_groups[{first}]={int(query_groups[first])} occurs in no gallery item: no right answer")
    return query_groups, gallery_groups


def check_dimensions(first_name: str, first: Tensor, second_name: str, second: Tensor) -> None:
    """Raise unless two embeddings have one type and the same number of dimensions d."""
    if first.dtype != second.dtype:
        raise TypeError(f"{second_name} is {second.dtype}; it must have the type of {first_name}, {first.dtype}")
    if first.shape[-1] != second.shape[-1]:
        raise ValueError(f"{second_name} has d={second.shape[-1]}; it must equal d={first.shape[-1]} of {first_name}")
