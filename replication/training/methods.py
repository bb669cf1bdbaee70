"""The ways to choose batches that the training experiments compare, by the names that tables and figures show."""

from collections.abc import Callable

from replication.selection import (
    BatchSelector,
    MixedBatches,
    NearestNeighbour,
    OrderedSGD,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)
from replication.validation import check_choice

_Make = Callable[[int, float, int, int], BatchSelector]

# (batch size B, temperature, k of the chunked selectors, candidates of OSGD) -> selector
METHODS: dict[str, _Make] = {
    "SGD": lambda b, t, k, c: ShuffledBatches(b),
    "OSGD": lambda b, t, k, c: OrderedSGD(b, c, temperature=t),
    # The paper ranks by its loss, eq. (1); the released code by the loss that it trains with, and the hardest comes last.
    "OSGD, as released": lambda b, t, k, c: OrderedSGD(b, c, temperature=t, hardest_first=False, loss="nt_xent"),
    "SC": lambda b, t, k, c: SpectralClustering(b, k, temperature=t),
    "SC (exp)": lambda b, t, k, c: SpectralClustering(b, k, "exp", t),
    "SwapSearch": lambda b, t, k, c: SwapSearch(b, k, t),
    "SwapSearch, whole set": lambda b, t, k, c: SwapSearch(b, temperature=t),
    "SwapSearch, hardness 0.25": lambda b, t, k, c: MixedBatches(SwapSearch(b, k, t), 0.25),
    "SwapSearch, hardness 0.5": lambda b, t, k, c: MixedBatches(SwapSearch(b, k, t), 0.5),
    "neighbours": lambda b, t, k, c: NearestNeighbour(b),
    "neighbours, skip 32": lambda b, t, k, c: NearestNeighbour(b, skip=32),
}


def make_selector(
    method: str, num_samples: int, batch_size: int, temperature: float, k: int = 40, candidates: int = 1500
) -> BatchSelector:
    """Return the selector that a method's name stands for.

    Args:
        method: a key of `METHODS`.
        num_samples: size of the training set, N, to which `k` and `candidates` are clipped.
        batch_size: B.
        temperature: of the loss by which hardness is judged.
        k: batches in a chunk of spectral clustering and of the chunked SwapSearch (the paper: 40); at most floor(N/B).
        candidates: OSGD keeps a tenth of so many candidate batches (the paper: 150 of 1500); at most floor(N/B).

    Raises:
        ValueError: unknown method, a parameter out of range, or too few samples for neighbours after those to skip.
    """
    check_choice("method", method, METHODS)
    whole = max(1, num_samples // batch_size)
    selector = METHODS[method](batch_size, temperature, min(k, whole), min(candidates, whole))
    if isinstance(selector, NearestNeighbour) and selector.skip + batch_size > num_samples:
        needed = f"{selector.skip + batch_size} samples (batch_size={batch_size} and {selector.skip} to skip)"
        raise ValueError(f"method={method!r} needs >= {needed}; there are {num_samples}")
    return selector
