"""The spectral contrastive loss, and its dual: a maximum over one matrix, in which every sample stands alone."""

from torch import Tensor

from replication.losses.objective import Objective, same_sample, similarities
from replication.torch_settings import full_precision
from replication.validation import HALF_PRECISION


class SpectralContrastive(Objective):
    """The spectral contrastive loss (HaoChen et al. 2021) of a batch: squares in place of InfoNCE's logarithm.

    -2 (mean over samples of s_pos) + 1/t (mean over all pairs of views of *different* samples of s^2), with the cosines s. In
    the paper the rows have norm sqrt(mu) and the loss is divided by mu: mu = 1/t here. (Recalled from the authors' code, and
    could not be checked against the paper.) Being a mean over pairs, it is the same for all pairs and, on average, for the
    batches of any design that holds every pair of samples equally often. `spectral_loss` also counts pairs of a sample with
    itself, which only its dual needs.

    Args:
        temperature: t > 0, by which the repulsion is divided.
    """

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        cosines, positive = similarities(u, v)
        squares = cosines.square().masked_fill(same_sample(len(u), u.device), 0)
        return squares.sum() / (4 * len(u) * (len(u) - 1)) / self.temperature - 2 * positive.mean()


@full_precision()
def spectral_loss(u: Tensor, v: Tensor) -> Tensor:
    """Return the spectral contrastive loss of the N samples as a population: -2 mean u_i.v_i + |S|^2.

    S is the mean of z z' over all 2N views z, so |S|^2 is the mean of (z.z')^2 over all pairs of views, each with itself among
    them. On the unit sphere, with N >= d, the least value is 1/d - 2: u = v, and S = I/d.

    Args:
        u, v: the two views, each [..., N, d], rows of any norm; they are not normalised.

    Returns:
        [...], one value for each set of N samples.

    Raises:
        TypeError, ValueError: no floating-point tensors of one type and shape [..., N, d].
    """
    u, v = _checked(u, v)
    return _moment(u, v).square().sum(dim=(-2, -1)) - 2 * _attraction(u, v)


@full_precision()
def spectral_dual(u: Tensor, v: Tensor, matrix: Tensor) -> Tensor:
    """Return the dual of `spectral_loss` at a matrix A: -2 mean u_i.v_i + 2 <A, S> - |A|^2.

    Its maximum over A is the loss, at A = S. For a given A it is a mean over single samples, so the mean over the parts of any
    partition into equal parts is the value of the whole: samples that never meet in a batch, or never leave their client, still
    reach the optimum of all of them.

    Args:
        u, v: as in `spectral_loss`.
        matrix: A, [..., d, d].

    Returns:
        [...], the leading dimensions of all three broadcast.

    Raises:
        TypeError, ValueError: as `spectral_loss`; another kind or shape of `matrix`.
    """
    u, v = _checked(u, v)
    if not isinstance(matrix, Tensor) or not matrix.is_floating_point():
        kind = matrix.dtype if isinstance(matrix, Tensor) else type(matrix).__name__
        raise TypeError(f"matrix is {kind}; it must be a floating-point tensor [..., d, d]")
    d = u.shape[-1]
    if list(matrix.shape[-2:]) != [d, d]:
        raise ValueError(f"matrix has shape {list(matrix.shape)}; it must be [..., {d}, {d}], d of u twice")
    matrix = matrix.float() if matrix.dtype in HALF_PRECISION else matrix
    inner = (matrix * _moment(u, v)).sum(dim=(-2, -1))
    return 2 * inner - matrix.square().sum(dim=(-2, -1)) - 2 * _attraction(u, v)


def _moment(u: Tensor, v: Tensor) -> Tensor:
    return (u.mT @ u + v.mT @ v) / (2 * u.shape[-2])  # [..., d, d]


def _attraction(u: Tensor, v: Tensor) -> Tensor:
    return (u * v).sum(dim=-1).mean(dim=-1)


def _checked(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in at least float32."""
    for name, x in (("u", u), ("v", v)):
        if not isinstance(x, Tensor) or not x.is_floating_point():
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"{name} is {kind}; it must be a floating-point tensor of shape [..., N, d]")
        if x.ndim < 2 or 0 in x.shape[-2:]:
            raise ValueError(f"{name} has shape {list(x.shape)}; it must be [..., N, d] with N >= 1 and d >= 1")
    if u.dtype != v.dtype:
        raise TypeError(f"v is {v.dtype}; it must have the type of u, {u.dtype}")
    if u.shape != v.shape:
        raise ValueError(f"v has shape {list(v.shape)}; it must equal the shape of u, {list(u.shape)}")
    return tuple(x.float() if x.dtype in HALF_PRECISION else x for x in (u, v))
