"""Features whose size does not matter: centred, and scaled by one number for each side.

Towers give features of any size, some all positive and some of norm 1. Heads begin with `torch.nn.Linear`'s weights, which are
made for numbers around zero of size one.
"""

from dataclasses import replace

from replication.features.pair_features import PairFeatures


def centre_and_scale(train: PairFeatures, *others: PairFeatures) -> list[PairFeatures]:
    """Return all with the mean of `train` taken out of each dimension, and each side divided by one number.

    That is the root mean square of what is left of `train`, so that a value's mean square becomes 1; directions among the
    dimensions stay as they are. A side without any variance stays zero.
    """
    parts = [train, *others]
    for side in ("left", "right"):
        x = getattr(train, side)
        x = x.reshape(-1, x.shape[-1])
        mean = x.double().mean(dim=0).float()
        size = float((x - mean).double().square().mean().sqrt()) or 1.0
        parts = [replace(part, **{side: (getattr(part, side) - mean) / size}) for part in parts]
    return parts
