"""The edge weights of the paper's section 5.2: how much loss two samples cause each other when they share a batch."""

import math

import torch
from torch import LongTensor, Tensor

from replication.torch_settings import plain_tensors
from replication.validation import check_count

# One matrix is all that is allocated, and it is worked on in parts that the processor's cache holds: fresh memory of several
# matrices of 1,280 samples took as long as the arithmetic (measured, one thread: 42 against 22 ms; the numbers are the same).
BLOCK = 2**17  # elements of rows
TILE = 256  # rows and columns


@plain_tensors()
def edge_weights(u: Tensor, v: Tensor, batch_size: int, temperature: float = 1.0) -> Tensor:
    """Return the symmetric weights w(i, j) [N, N] of the paper's lower bound, zero on the diagonal.

    With z_ij = u_i.v_j / temperature,

        w(k, l) = sum over (i, j) in {(k, l), (l, k)} of
                  log(1 + (B-1) exp(z_ij - z_ii)) + log(1 + (B-1) exp(z_ji - z_ii)).

    The loss of a batch is at least the sum of w over its pairs, divided by B (B-1); for B = 2 it is equal. Maximising the
    sum inside the batches of an even partition is the min-cut problem that the paper solves approximately.

    Args:
        u, v: unit rows [N, d] of any floating-point type; the weights have the same type, and no graph.
        batch_size: B >= 2.
        temperature: > 0.

    Raises:
        ValueError: `batch_size` below 2.
    """
    check_count("batch_size", batch_size, 2)
    z = (u / temperature) @ v.T
    own = z.diagonal().clone()
    rows = max(1, BLOCK // max(1, len(z)))
    spare = torch.empty_like(z[:rows])
    # The two terms of each pair that hold z_ij; those that hold z_ji are the same ones of (j, i).
    for start in range(0, len(z), rows):
        second = z[start : start + rows]
        first = torch.sub(second, own[start : start + rows, None], out=spare[: len(second)])
        second.copy_(_two_terms(first, second.sub_(own), batch_size, temperature))
    return _add_transpose(z).fill_diagonal_(0)


def _add_transpose(x: Tensor) -> Tensor:
    """Return x + x.T for a square matrix [N, N], in place."""
    for i in range(0, len(x), TILE):
        diagonal = x[i : i + TILE, i : i + TILE]
        diagonal.copy_(diagonal + diagonal.T)
        for j in range(i + TILE, len(x), TILE):
            above, below = x[i : i + TILE, j : j + TILE], x[j : j + TILE, i : i + TILE]
            above.add_(below.T)
            below.copy_(above.T)
    return x


def pair_weights(
    u: Tensor, v: Tensor, first: LongTensor, second: LongTensor, batch_size: int, temperature: float, block: int = 2**17
) -> Tensor:
    """Return the edge weights w [E] of the pairs of samples (first[e], second[e]): entries of `edge_weights`.

    Args:
        u, v: unit rows [N, d].
        first, second: the samples [E] at the two ends of each edge.
        batch_size: B >= 2.
        temperature: > 0.
        block: edges computed at once.

    Raises:
        ValueError: `batch_size` below 2.
    """
    check_count("batch_size", batch_size, 2)
    own = (u * v).sum(dim=1) / temperature
    weights = []
    for i, j in zip(first.to(u.device).split(block), second.to(u.device).split(block), strict=True):
        forth, back = (u[i] * v[j]).sum(dim=1) / temperature, (u[j] * v[i]).sum(dim=1) / temperature
        weights.append(sum(_two_terms(forth - own[k], back - own[k], batch_size, temperature) for k in (i, j)))
    return torch.cat(weights)


def _two_terms(first: Tensor, second: Tensor, batch_size: int, temperature: float) -> Tensor:
    """Return log(1 + (B-1) exp(first)) + log(1 + (B-1) exp(second)), elementwise; overwrites both arguments."""
    shift = math.log(batch_size - 1)
    if safe_to_multiply(first.dtype, batch_size, temperature):
        first, second = (x.add_(shift).exp_().add_(1) for x in (first, second))
        return first.mul_(second).log_()
    zero = first.new_zeros(())
    return torch.logaddexp(first + shift, zero) + torch.logaddexp(second + shift, zero)


def safe_to_multiply(dtype: torch.dtype, batch_size: int, temperature: float) -> bool:
    """Return whether a product of two terms 1 + (B-1) exp(...), each at most 1 + (B-1) exp(2/t), cannot overflow.

    Then two logarithms become one, and the stable (slow) function is not needed.
    """
    return 2 * (2 / temperature + math.log(batch_size - 1) + 1) < math.log(torch.finfo(dtype).max)
