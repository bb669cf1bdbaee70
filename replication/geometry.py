"""The optimal configurations of the paper, distances to them, and how often a family of batches pairs two samples.

A configuration of N pairs is judged by its Gram matrix G = U V^T [N, N], G_ij = u_i . v_j (the paper writes embeddings as
columns: G = U^T V). G does not change when all embeddings are rotated together.
"""

import networkx as nx
import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from replication.torch_settings import full_precision, plain_tensors
from replication.validation import check_count, check_has_values


@plain_tensors()
def simplex_etf(n: int) -> Tensor:
    """Return the Gram matrix [N, N] of the simplex equiangular tight frame: 1, and -1/(N-1) off the diagonal (float64).

    The full-batch optimum for N <= d + 1 (section 4.1 of the paper). Raises ValueError for n < 2.

    Example:
        >>> simplex_etf(3)[0].tolist()
        [1.0, -0.5, -0.5]
    """
    n = check_count("n", n, 2)
    return torch.full((n, n), -1 / (n - 1), dtype=torch.float64, device="cpu").fill_diagonal_(1)


@plain_tensors()
def cross_polytope(n: int) -> Tensor:
    """Return the Gram matrix [N, N] of the cross-polytope with antipodes (0,1), (2,3), ...: 1, -1 at antipodes, else 0.

    The full-batch optimum for N = 2d among symmetric and antipodal configurations. Raises ValueError for odd n or n < 2.
    """
    if check_count("n", n, 2) % 2:
        raise ValueError(f"n={n} must be even: a cross-polytope consists of antipodal pairs")
    index = torch.arange(n, dtype=torch.int64, device="cpu")
    gram = torch.eye(n, dtype=torch.float64, device="cpu")
    gram[index, index ^ 1] = -1
    return gram


def target_name(n: int, d: int) -> str | None:
    """Return which theorem gives the optimum of N pairs in R^d: "simplex ETF", "cross-polytope", or None for neither."""
    if n <= d + 1:
        return "simplex ETF"
    return "cross-polytope" if n == 2 * d else None


@plain_tensors()
def optimal_gram(n: int, d: int) -> Tensor | None:
    """Return the Gram matrix [N, N] that the theorems give for N pairs in R^d, or None where they give none."""
    name = target_name(n, d)
    if name is None:
        return None
    return simplex_etf(n) if name == "simplex ETF" else cross_polytope(n)


@full_precision()
def distance_to_etf(gram: Tensor) -> Tensor:
    """Return the Frobenius distance of Gram matrices [..., N, N] to the simplex ETF; relabelling samples changes nothing."""
    return (gram - simplex_etf(gram.shape[-1]).to(gram)).flatten(-2).norm(dim=-1)


@plain_tensors()
def distance_to_cross_polytope(gram: Tensor) -> Tensor:
    """Return the Frobenius distance of Gram matrices [..., N, N] to the nearest cross-polytope.

    Which samples are antipodes is free, so this is the least distance over all perfect matchings of the samples, found
    exactly as a minimum-weight matching.

    Raises:
        ValueError: N is odd; or `gram` holds no values (meta device).
    """
    check_has_values("gram", gram)
    n = gram.shape[-1]
    target = cross_polytope(n)
    flat = gram.detach().double().cpu().reshape(-1, n, n)
    out = torch.empty(len(flat), dtype=torch.float64, device="cpu")
    for index, matrix in enumerate(flat):
        order = antipodes_first(matrix)
        out[index] = (matrix[order][:, order] - target).norm()
    return out.view(gram.shape[:-2])


@plain_tensors()
def antipodes_first(gram: Tensor) -> Tensor:
    """Return the samples [N] of a Gram matrix [N, N] in the order that puts the antipodes of the best matching side by side.

    The best matching gives the cross-polytope nearest to `gram`: ||G - T||^2 depends on the matching only through the sum
    of G_ij + G_ji over matched pairs, which must be least. N must be even.
    """
    check_has_values("gram", gram)
    cost = (gram + gram.T).detach().double().cpu().numpy()
    np.fill_diagonal(cost, 1e6)
    # The assignment problem relaxes the matching problem and is much faster. Its cycles of even length split into two
    # matchings, one of which is optimal; only an odd cycle needs the general (blossom) algorithm.
    partner = linear_sum_assignment(cost)[1]
    matching, seen = [], np.zeros(len(cost), dtype=bool)
    for start in range(len(cost)):
        cycle = []
        while not seen[start]:
            seen[start] = True
            cycle.append(start)
            start = partner[start]
        if len(cycle) % 2:
            break
        if cycle:
            halves = [list(zip(cycle[k::2], (cycle[k + 1 :] + cycle[:1])[::2], strict=True)) for k in (0, 1)]
            matching += min(halves, key=lambda pairs: sum(cost[i, j] for i, j in pairs))
    else:
        return torch.tensor(matching, dtype=torch.int64, device="cpu").flatten()
    graph = nx.Graph()
    graph.add_weighted_edges_from((i, j, cost[i, j]) for i in range(len(cost)) for j in range(i))
    pairs = sorted(map(sorted, nx.min_weight_matching(graph)))
    return torch.tensor(pairs, dtype=torch.int64, device="cpu").flatten()


@full_precision()
def distance_to_optimum(gram: Tensor, d: int) -> Tensor:
    """Return the distance of Gram matrices [..., N, N] to the optimum that the theorems give for N pairs in R^d.

    Raises:
        ValueError: N > d + 1 and N != 2d; no theorem gives an optimum: compare losses and spectra instead.
    """
    n = gram.shape[-1]
    name = target_name(n, d)
    if name is None:
        raise ValueError(f"(N, d)=({n}, {d}) has no known optimum; N must be <= d + 1 or equal to 2d")
    return distance_to_etf(gram) if name == "simplex ETF" else distance_to_cross_polytope(gram)


@plain_tensors()
def released_row_wise_distance(gram: Tensor, target: Tensor) -> Tensor:
    """Return the distance that the authors' released code reports for one Gram matrix [N, N] against a target [N, N].

    It permutes *each row on its own*: entry j of a target row takes the closest value of that row of `gram` that is not yet
    taken. It can call a wrong geometry nearly right, and it is here to show by how much. The choice is greedy: far from the
    target it can also exceed what relabelling the samples reaches.
    """
    check_has_values("gram", gram)
    check_has_values("target", target)
    total = 0.0
    for row, wanted in zip(gram.double(), target.double().to(gram.device), strict=True):
        free = torch.ones(len(row), dtype=torch.bool, device=row.device)
        for value in wanted:
            gap = torch.where(free, (row - value).abs(), torch.inf)
            free[gap.argmin()] = False
            total += float(gap.min()) ** 2
    return torch.tensor(total, dtype=torch.float64, device="cpu").sqrt()


@plain_tensors()
def pair_counts(batches: Tensor, n: int) -> Tensor:
    """Return [N, N] how many of `batches` [M, B] contain both samples; on the diagonal, how many contain the sample.

    For N <= d + 1 the simplex ETF minimises the mini-batch loss of a family exactly if all off-diagonal counts are equal
    and positive: the family is a 2-design. The abstract's "all C(N, B) batches" is one such family, not the only one.

    Raises:
        TypeError: `batches` does not hold integers.
    """
    if batches.dtype not in (torch.int64, torch.int32):
        raise TypeError(f"batches is {batches.dtype}; it must be an integer tensor of shape [M, B]")
    member = torch.zeros(len(batches), n, dtype=torch.int64, device=batches.device).scatter_(1, batches.long(), 1)
    return member.T @ member


@plain_tensors()
def is_two_design(batches: Tensor, n: int) -> bool:
    """Return whether every two of the n samples share the same, positive number of batches."""
    check_has_values("batches", batches)
    counts = pair_counts(batches, n)[~torch.eye(n, dtype=torch.bool, device=batches.device)]
    return bool(counts.min() > 0) and bool(counts.min() == counts.max())
