"""The edge weights of the paper's section 5.2: how much loss two samples cause each other when they share a batch."""

import math

import torch
from torch import Tensor

from replication.validation import check_count


def edge_weights(u: Tensor, v: Tensor, batch_size: int, temperature: float = 1.0) -> Tensor:
    """Return the symmetric weights w(i, j) [N, N] of the paper's lower bound, zero on the diagonal.

    With z_ij = u_i.v_j / temperature,

        w(k, l) = sum over (i, j) in {(k, l), (l, k)} of
                  log(1 + (B-1) exp(z_ij - z_ii)) + log(1 + (B-1) exp(z_ji - z_ii)).

    The loss of a batch is at least the sum of w over its pairs, divided by B (B-1); for B = 2 it is equal. Maximising the
    sum inside the batches of an even partition is the min-cut problem that the paper solves approximately.

    Args:
        u, v: unit rows [N, d] of any floating-point type; the weights have the same type.
        batch_size: B >= 2.
        temperature: > 0.

    Raises:
        ValueError: `batch_size` below 2.
    """
    check_count("batch_size", batch_size, 2)
    z = u @ v.T / temperature
    shift, own = math.log(batch_size - 1), z.diagonal()[:, None].clone()
    # 1 + (B-1) exp(...) is at most 1 + (B-1) exp(2/t); where a product of two of them cannot overflow, two logarithms
    # become one and the stable (slow) function is not needed.
    if 2 * (2 / temperature + shift + 1) < math.log(torch.finfo(z.dtype).max):
        forth, back = (z - own).exp_().mul_(batch_size - 1).add_(1), (z.T - own).exp_().mul_(batch_size - 1).add_(1)
        one_way = forth.mul_(back).log_()
    else:
        zero = z.new_zeros(())
        one_way = torch.logaddexp(z - own + shift, zero) + torch.logaddexp(z.T - own + shift, zero)
    return (one_way + one_way.T).fill_diagonal_(0)
