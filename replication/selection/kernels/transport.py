"""The transport of samples to a few clusters of given sizes, exactly, by successive shortest paths between the clusters.

With k clusters a shortest path is one among k nodes, whatever the number of samples. POT's network simplex builds a graph of
N + k nodes and N k edges first, which alone takes longer than all the paths of a chunk of 40 clusters usually do.
"""

import numpy as np

from replication.selection.kernels.compiled import compiled


@compiled
def transport(costs: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the cluster [N] of each sample that minimises the total of `costs`, with exactly sizes[c] samples in cluster c.

    Every sample starts in its cheapest cluster, which is optimal for the sizes that result. Moving one sample along each
    edge of the cheapest path from a cluster too large to one too small keeps it optimal for the new sizes.

    Args:
        costs: finite float64 [k, N], a row for each cluster.
        sizes: int64 [k], adding up to N.
    """
    k, size = costs.shape
    cluster = np.zeros(size, dtype=np.int64)
    for c in range(1, k):
        for n in range(size):
            if costs[c, n] < costs[cluster[n], n]:
                cluster[n] = c
    counts = np.zeros(k, dtype=np.int64)
    # The members of each cluster as a doubly linked list; -1 ends it.
    first, after, before = np.full(k, -1), np.full(size, -1), np.full(size, -1)
    cheapest = np.full((k, k), np.inf)  # of moving a member of one cluster to another
    mover = np.full((k, k), -1)  # the member whose move that is
    for n in range(size):
        counts[cluster[n]] += 1
        _enter(n, cluster[n], costs, first, after, before, cheapest, mover)
    price = np.zeros(k)
    for source in range(k):
        while counts[source] > sizes[source]:
            end, previous = _cheapest_path(source, counts < sizes, cheapest, price)
            counts[source] -= 1
            counts[end] += 1
            while end != source:
                start = previous[end]
                n = mover[start, end]
                cluster[n] = end
                _leave(n, start, costs, first, after, before, cheapest, mover)
                _enter(n, end, costs, first, after, before, cheapest, mover)
                end = start
    return cluster


@compiled
def _cheapest_path(source, wanted, cheapest, price):
    """Return the cluster among the `wanted` [k] that is cheapest to reach from `source`, and the previous one on each path.

    Dijkstra's method: the prices of the clusters, kept up to date in place, make all moves cost nothing or more.
    """
    k = len(price)
    distance, previous, done = np.full(k, np.inf), np.full(k, -1), np.zeros(k, dtype=np.bool_)
    distance[source] = 0.0
    while True:
        here, nearest = -1, np.inf
        for c in range(k):
            if not done[c] and distance[c] < nearest:
                here, nearest = c, distance[c]
        if here < 0:
            raise ValueError("costs must be finite numbers")
        done[here] = True
        if wanted[here]:
            break
        for c in range(k):
            if not done[c]:
                # Rounding can make a move look cheaper than nothing.
                through = nearest + max(cheapest[here, c] + price[here] - price[c], 0.0)
                if through < distance[c]:
                    distance[c], previous[c] = through, here
    for c in range(k):
        price[c] += min(distance[c], nearest)
    return here, previous


@compiled
def _enter(n, c, costs, first, after, before, cheapest, mover):
    """Add sample n to cluster c."""
    after[n], before[n] = first[c], -1
    if first[c] >= 0:
        before[first[c]] = n
    first[c] = n
    for other in range(len(costs)):
        extra = costs[other, n] - costs[c, n]
        if other != c and extra < cheapest[c, other]:
            cheapest[c, other], mover[c, other] = extra, n


@compiled
def _leave(n, c, costs, first, after, before, cheapest, mover):
    """Take sample n out of cluster c, and find out who is cheapest to move now where it was n."""
    if before[n] >= 0:
        after[before[n]] = after[n]
    else:
        first[c] = after[n]
    if after[n] >= 0:
        before[after[n]] = before[n]
    for other in range(len(costs)):
        if mover[c, other] == n:
            best, who = np.inf, -1
            m = first[c]
            while m >= 0:
                extra = costs[other, m] - costs[c, m]
                if extra < best:
                    best, who = extra, m
                m = after[m]
            cheapest[c, other], mover[c, other] = best, who
