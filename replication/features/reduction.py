"""Fewer dimensions: the principal components of the training features, for heads that learn in less time.

The time of an update is that of the weights, and most stand in the first layer: of MobileNetV2's 1,280 and MiniLM's 384
dimensions, to keep 256 of the former nearly halves them.
"""

from dataclasses import replace

import torch
from torch import Tensor

from replication.features.pair_features import PairFeatures
from replication.validation import check_count


def reduce_dimensions(train: PairFeatures, *others: PairFeatures, left: int = 0, right: int = 0) -> list[PairFeatures]:
    """Return `train` and `others` with features projected on the first principal components of those of `train`.

    The mean is taken out and nothing is scaled: what is left are the coordinates in which training features vary most.

    Args:
        train: whose views and captions decide the components.
        others: of the same kind, such as the validation and the test split.
        left, right: components that each side keeps; 0 leaves a side as it is.

    Raises:
        ValueError: more components than the side has dimensions.
    """
    parts = [train, *others]
    for side, kept in (("left", left), ("right", right)):
        width = getattr(train, side).shape[-1]
        if check_count(side, kept, 0, width, f"dimensions of {train.name}"):
            mean, components = _principal_components(getattr(train, side).reshape(-1, width), kept)
            parts = [replace(part, **{side: (getattr(part, side) - mean) @ components}) for part in parts]
    return parts


def _principal_components(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the mean [d] and the first principal components [d, count] of rows [M, d], each of a fixed sign."""
    mean = x.double().mean(dim=0)
    covariance = torch.zeros(x.shape[1], x.shape[1], dtype=torch.float64, device=x.device)
    for block in x.split(4096):
        centred = block.double() - mean
        covariance += centred.T @ centred
    components = torch.linalg.eigh(covariance).eigenvectors.flip(1)[:, :count]
    largest = components.abs().argmax(dim=0)
    components = components * components[largest, torch.arange(count, device=x.device)].sign()
    return mean.float(), components.float()
