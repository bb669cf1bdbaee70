"""Arrays and tensors of a caller, as the features of a pilot."""

import numpy as np
import torch

from replication.features import PairFeatures
from replication.features.npz import splits_of_arrays


def features_of_arrays(u, v, group, split, batch_size: int) -> dict[str, PairFeatures]:
    """Return the features by split; see `replication.features.npz` for shapes.

    Raises:
        TypeError, ValueError: in one line, what does not fit.
    """
    if v is None:
        raise TypeError("v is missing; give the features of both sides, or the path of a .npz file as u")
    arrays = {"u": _array("u", u), "v": _array("v", v)}
    for name, x in (("group", group), ("split", split)):
        if x is not None:
            arrays[name] = np.asarray(x.cpu() if isinstance(x, torch.Tensor) else x)
    return splits_of_arrays(arrays, batch_size)


def _array(name: str, x) -> np.ndarray:
    if isinstance(x, torch.Tensor):
        return x.detach().cpu().float().numpy() if x.is_floating_point() else x.detach().cpu().numpy()
    if not isinstance(x, np.ndarray):
        raise TypeError(f"{name} is {type(x).__name__}; it must be an array or a tensor")
    return x
