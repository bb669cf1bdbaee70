"""Probabilities of classes from the cosines of an embedding with one prototype for each class."""

from torch import Tensor

from replication.directions import directions
from replication.evaluation.inputs import check_dimensions, checked_embeddings
from replication.torch_settings import plain_tensors
from replication.validation import HALF_PRECISION, check_positive


@plain_tensors()
def class_probabilities(features: Tensor, prototypes: Tensor, temperature: float = 1 / 30) -> Tensor:
    """Return softmax(cosine / temperature) [N, K] (float64) of features [N, d] with the prototypes [K, d] of K classes.

    Prototypes are the embeddings of class names (zero-shot), or means of a few labelled images. The default temperature is
    that of the released code of EM-Dirichlet, which multiplies cosines by 30.

    Raises:
        TypeError, ValueError: wrong kinds, shapes or ranges, or values that are not finite.
    """
    check_positive("temperature", temperature)
    features = checked_embeddings("features", features)
    prototypes = checked_embeddings("prototypes", prototypes, "[K, d]").to(features.device)
    check_dimensions("features", features, "prototypes", prototypes)
    cosines = directions(features.double(), dim=1) @ directions(prototypes.double(), dim=1).T
    return (cosines / temperature).softmax(dim=1)


def checked_probabilities(name: str, z: Tensor) -> Tensor:
    """Return probabilities [n, K] or [tasks, n, K] as float64, rows scaled to sum to 1 exactly; else one clear line."""
    half = isinstance(z, Tensor) and z.dtype in HALF_PRECISION
    z = checked_embeddings(name, z, "[tasks, n, K]" if isinstance(z, Tensor) and z.ndim == 3 else "[n, K]").double()
    if z.shape[-1] < 2:
        raise ValueError(f"{name} has shape {list(z.shape)}; it must hold K >= 2 classes")
    tolerance = 2e-2 if half else 1e-3
    total = z.sum(dim=-1, keepdim=True)
    if z.min() < 0 or (total - 1).abs().max() > tolerance:
        raise ValueError(
            f"{name} must be probabilities: none below 0 (smallest: {float(z.min()):.4g}), rows that sum to 1 within "
            f"{tolerance:g} (sums: {float(total.min()):.4g} to {float(total.max()):.4g})"
        )
    return z / total
