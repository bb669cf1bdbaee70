"""Compiled kernels of the balanced local search: exchange two samples of different batches while that raises the objective.

`swap_by_weight` raises the sum of the edge weights inside the batches, the paper's lower bound of the loss;
`swap_by_loss` goes on from there with the loss itself. Both work on one chunk of n samples with dense [n, n] matrices.

Tried and left out: chains of swaps that may lose at first, after Kernighan & Lin (1970). On the four inputs of notebook 04
(1,280 samples) they raised the mean loss by 0.1 to 0.6 % and took 7 to 29 times the time of the swaps; the best of ten starts
gains as much for ten times the time. Larger chunks gain far more for theirs.
"""

import numpy as np

from replication.selection.kernels.compiled import compiled


@compiled
def swap_by_weight(weights: np.ndarray, label: np.ndarray, clusters: int, max_passes: int) -> int:
    """Raise the total weight inside the clusters of an even partition by pairwise swaps, in place.

    With S[c, i] the weight between sample i and cluster c, exchanging i in a with j in b changes the total by
    S[b, i] + S[a, j] - S[a, i] - S[b, j] - 2 w_ij. Each pass visits every sample and makes its best swap if that gains;
    the search stops when a pass finds none.

    Args:
        weights: symmetric float32 [n, n], zero diagonal.
        label: cluster of each sample [n], int64; changed in place.
        clusters: number of clusters, k.
        max_passes: stop after so many passes in any case.

    Returns:
        The number of swaps made.
    """
    n = len(label)
    towards, inside = cluster_sums(weights, label, clusters)
    gains = np.empty(clusters, dtype=np.float32)
    # Rounding of the incremental sums must not make a swap and its reverse both look like gains.
    least = np.float32(1e-4) * np.abs(inside).mean()
    swaps = 0
    for _ in range(max_passes):
        before = swaps
        for i in range(n):
            a = label[i]
            for c in range(clusters):
                gains[c] = towards[c, i] - inside[i]
            gains[a] = -np.inf
            there, near = towards[a], weights[i]
            best, partner = least, -1
            for j in range(n):
                gain = gains[label[j]] + there[j] - inside[j] - 2 * near[j]
                if gain > best:
                    best, partner = gain, j
            if partner >= 0:
                exchange(i, partner, weights, label, towards, inside)
                swaps += 1
        if swaps == before:
            break
    return swaps


@compiled
def cluster_sums(weights, label, clusters):
    """Return S [k, n], the weight between each cluster and each sample, and each sample's own entry of it [n]."""
    n = len(label)
    towards = np.zeros((clusters, n), dtype=np.float32)
    for i in range(n):
        row = towards[label[i]]
        for j in range(n):
            row[j] += weights[i, j]
    inside = np.empty(n, dtype=np.float32)
    for i in range(n):
        inside[i] = towards[label[i], i]
    return towards, inside


@compiled
def exchange(i, j, weights, label, towards, inside):
    """Let samples i and j change clusters, and keep the sums of `cluster_sums` up to date, all in place."""
    a, b = label[i], label[j]
    from_a, from_b = towards[a], towards[b]
    leaving, coming = weights[i], weights[j]
    label[i], label[j] = b, a
    for m in range(len(label)):
        change = coming[m] - leaving[m]
        from_a[m] += change
        from_b[m] -= change
        if label[m] == a:
            inside[m] = from_a[m]
        elif label[m] == b:
            inside[m] = from_b[m]


@compiled
def swap_by_loss(weights, forth, back, label, members, max_passes, candidates):
    """Raise the total contrastive loss of the batches of an even partition by pairwise swaps, in place.

    Of all swaps of a sample, only the `candidates` best ones by weight are tried, as trying one costs O(B) logarithms; the
    best of them is made if the loss really rises, so the objective never falls.

    Args:
        weights: as in `swap_by_weight`.
        forth, back: exp(z_ij - z_ii) and exp(z_ji - z_ii), float32 [n, n]: what sample j adds to the denominators of i.
        label: cluster of each sample [n], int64; changed in place.
        members: the same partition as rows of samples [k, B], int64; changed in place.
        max_passes: stop after so many passes in any case.
        candidates: swaps tried for each sample and pass.

    Returns:
        The number of swaps made.
    """
    n, (clusters, size) = len(label), members.shape
    towards, inside = cluster_sums(weights, label, clusters)
    sums = np.ones((2, n))  # the denominators of each sample in its batch, for the two directions; its own term is 1
    for c in range(clusters):
        _denominators(members[c], forth, back, sums)
    gains = np.empty(clusters, dtype=np.float32)
    scores, partners = np.empty(candidates, dtype=np.float32), np.empty(candidates, dtype=np.int64)
    swaps = 0
    for _ in range(max_passes):
        before = swaps
        for i in range(n):
            a = label[i]
            for c in range(clusters):
                gains[c] = towards[c, i] - inside[i]
            gains[a] = -np.inf
            there, near = towards[a], weights[i]
            scores[:], partners[:] = -np.inf, -1
            weakest = 0
            for j in range(n):
                gain = gains[label[j]] + there[j] - inside[j] - 2 * near[j]
                if gain > scores[weakest]:
                    scores[weakest], partners[weakest] = gain, j
                    weakest = scores.argmin()
            best, partner = 1e-6, -1
            for j in partners:
                if j >= 0:
                    gain = _loss_gain(i, j, members[a], members[label[j]], forth, back, sums)
                    if gain > best:
                        best, partner = gain, j
            if partner >= 0:
                b = label[partner]
                exchange(i, partner, weights, label, towards, inside)
                for s in range(size):
                    if members[a, s] == i:
                        members[a, s] = partner
                    if members[b, s] == partner:
                        members[b, s] = i
                _denominators(members[a], forth, back, sums)
                _denominators(members[b], forth, back, sums)
                swaps += 1
        if swaps == before:
            break
    return swaps


@compiled
def _denominators(batch, forth, back, sums):
    for i in batch:
        one, two = 1.0, 1.0
        for j in batch:
            if j != i:
                one += forth[i, j]
                two += back[i, j]
        sums[0, i], sums[1, i] = one, two


@compiled
def _loss_gain(i, j, mine, theirs, forth, back, sums):
    """Return by how much B times the total loss changes if i leaves batch `mine` for `theirs` and j goes the other way."""
    gain = 0.0
    new = np.ones(4)
    for m in mine:
        if m != i:
            one = (sums[0, m] - forth[m, i] + forth[m, j]) / sums[0, m]
            two = (sums[1, m] - back[m, i] + back[m, j]) / sums[1, m]
            gain += np.log(max(one * two, 1e-30))  # cancellation can leave a rounding error below zero
            new[0] += forth[j, m]
            new[1] += back[j, m]
    for m in theirs:
        if m != j:
            one = (sums[0, m] - forth[m, j] + forth[m, i]) / sums[0, m]
            two = (sums[1, m] - back[m, j] + back[m, i]) / sums[1, m]
            gain += np.log(max(one * two, 1e-30))
            new[2] += forth[i, m]
            new[3] += back[i, m]
    old = np.log(sums[0, i] * sums[1, i]) + np.log(sums[0, j] * sums[1, j])
    return gain + np.log(new[0] * new[1]) + np.log(new[2] * new[3]) - old
