"""The exact criterion behind "if and only if all C(N, B) batches": the pair counts of the family.

Let m_ij be the number of batches that hold both i and j. For N <= d + 1 the simplex ETF minimises the mean loss of a family
if and only if all m_ij, i != j, are equal and positive, i.e. the family is a 2-design.

- If: by Jensen's inequality each row of a batch costs at least log(1 + (B-1) exp(mean of its differences)); with equal m_ij
  the mean over the family is the mean over all i != j, which is least, -N/(N-1), exactly at the ETF.
- Only if: the gradient along the sphere at u_i of the ETF is a positive multiple of sum_j m_ij (u_j + u_i/(N-1)). The only
  linear relation between the vertices is that they sum to 0, so it vanishes exactly if row i of m is constant.

All C(N, B) batches are one 2-design. For B = 2 there is no smaller one, which is Theorem 5; for larger B there can be.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from replication.experiments.theory.families import family_row
from replication.experiments.theory.objective import all_batches


def fano_plane() -> np.ndarray:
    """Return the 7 lines of the Fano plane on 7 points, [7, 3]: every two points share one line."""
    return np.sort((np.array([0, 1, 3]) + np.arange(7)[:, None]) % 7, axis=1)


def design_6_3_2() -> np.ndarray:
    """Return the 2-(6, 3, 2) design, [10, 3]: every two of 6 points share two blocks. Point 5 stays fixed modulo 5."""
    shift = np.arange(5)[:, None]
    with_fixed = np.concatenate([(np.array([0, 1]) + shift) % 5, np.full((5, 1), 5)], axis=1)
    return np.sort(np.concatenate([with_fixed, (np.array([0, 1, 3]) + shift) % 5]), axis=1)


def affine_plane_9() -> np.ndarray:
    """Return the 12 lines of the affine plane over the field of 3 elements, [12, 3]: every two of 9 points share one line."""
    points = [divmod(point, 3) for point in range(9)]
    lines = [
        triple
        for triple in combinations(range(9), 3)
        if all(sum(points[point][axis] for point in triple) % 3 == 0 for axis in (0, 1))  # three points of a line sum to 0
    ]
    return np.array(lines)


def complement(batches: np.ndarray, n: int) -> np.ndarray:
    """Return all batches of the same size that are not among `batches`."""
    chosen = {tuple(batch) for batch in np.sort(batches, axis=1).tolist()}
    return np.array([batch for batch in all_batches(n, batches.shape[1]).tolist() if tuple(batch) not in chosen])


def named_families() -> list[tuple[str, np.ndarray, int]]:
    """Return (name, batches, N): three small 2-designs, the rest of one, two spoiled ones, and all batches as controls."""
    fano, small, affine = fano_plane(), design_6_3_2(), affine_plane_9()
    return [
        ("Fano plane", fano, 7),
        ("all but the Fano plane", complement(fano, 7), 7),
        ("Fano plane less one block", fano[1:], 7),
        ("2-(6,3,2) design", small, 6),
        ("2-(6,3,2) design less one block", small[1:], 6),
        ("affine plane of order 3", affine, 9),
        ("affine plane less one block", affine[1:], 9),
        ("all batches", all_batches(6, 3), 6),
        ("all batches", all_batches(7, 3), 7),
        ("all batches", all_batches(9, 3), 9),
    ]


def random_families(counts: list[int], draws: int, seed: int = 0) -> list[tuple[str, np.ndarray, int]]:
    """Return (name, batches, N = 7) of `draws` random choices of each count of the 35 batches of 3 of 7 samples."""
    every = all_batches(7, 3)
    rng = np.random.default_rng(seed)
    return [
        (f"random {count}, draw {draw}", every[np.sort(rng.permutation(len(every))[:count])], 7)
        for count in counts
        for draw in range(draws)
    ]


def design_table(families: list[tuple[str, np.ndarray, int]], starts: int, seed: int = 0) -> pd.DataFrame:
    """Return one `family_row` for each family, with d = N - 1.

    Expected: excess 0 exactly in the rows where `two_design` is true.
    """
    return pd.DataFrame(family_row(name, batches, n, n - 1, starts, seed) for name, batches, n in families)
