"""A coarse quantiser: FAISS k-means on a sample of the pairs, and the cell of every pair."""

import faiss
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from replication.directions import moderate
from replication.selection.kernels.grouping import tree_partition
from replication.sharding.parts import Parts, save_part

PER_CELL = 64  # samples for each cell from which its centre is learned
ITERATIONS = 10


def centres_of(u: Parts, v: Parts, cells: int, seed: int) -> np.ndarray:
    """Return centres [cells, d] of pairs, neighbours side by side.

    A pair lies where the sum of its two unit rows points. The centres are those of spherical k-means on a random sample. Their
    order is that of a random tree, so that cells that stand together in it lie together.
    """
    generator = np.random.default_rng(seed)
    index = np.sort(generator.choice(len(u), min(len(u), PER_CELL * cells), replace=False))
    points = middle(u.rows(index), v.rows(index))
    with threadpool_limits(1):
        options = {"niter": ITERATIONS, "seed": seed % 2**31, "spherical": True, "min_points_per_centroid": 1}
        kmeans = faiss.Kmeans(points.shape[1], cells, **options)
        kmeans.train(points)
        centres = torch.from_numpy(kmeans.centroids.copy())
        order = tree_partition(centres, 1, torch.Generator().manual_seed(seed)).flatten()
    return centres[order].numpy()


def middle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the unit rows [n, d] (float32) that point where the sum of two views' unit rows does."""
    # Very large and very small rows are scaled first, as their norms would over- or underflow.
    u, v = (moderate(torch.from_numpy(x.astype(np.float32)), dim=1).numpy() for x in (u, v))
    total = u / np.linalg.norm(u, axis=1, keepdims=True) + v / np.linalg.norm(v, axis=1, keepdims=True)
    return total / np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)


def write_cells(u: Parts, v: Parts, centres: np.ndarray, block: tuple[int, int, int], path: str) -> int:
    """Write the nearest centre of each row of a block of `u` to `path`, int32 [n]; return the bytes of embeddings read.

    Every row of both views is looked at: see `Parts.block` for what is raised.
    """
    part, start, stop = block
    begin = u.ends[part - 1] if part else 0
    one, other = u.block(part, start, stop), v.checked_rows(begin + start, begin + stop)
    with threadpool_limits(1):
        index = faiss.IndexFlatIP(centres.shape[1])
        index.add(centres)
        found = index.search(middle(one, other), 1)[1][:, 0].astype(np.int32)
    save_part(f"cells of u part {part}", path, found)
    return one.nbytes + other.nbytes
