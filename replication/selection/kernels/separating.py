"""Exchanges between batches until no batch holds two samples of one group."""

import numpy as np

from replication.selection.kernels.compiled import compiled

SUMS = {"reassoc", "contract"}  # sums may be taken in any order
ENOUGH = 16  # batches that offer an exchange, among which the best is chosen


@compiled(fastmath=SUMS)
def separate_groups(
    rows: np.ndarray, group: np.ndarray, left: np.ndarray, right: np.ndarray, near: np.ndarray, order: np.ndarray
) -> None:
    """Exchange samples of the batches `rows`, in place, until none holds two of one group.

    Batch after batch gives away what it holds twice. Of the samples that share a group it gives the one that fits least to
    the others, and takes the sample with which the exchange changes the similarity inside the two batches least. It looks
    into the first `ENOUGH` batches that offer one: those near to it, or else any.

    An exchange that leaves fewer doubles than before exists as long as there are doubles. Say that batch r holds group g
    twice. Then some batch s holds no g, as g has at most M samples. Without x, a sample of g, r holds at most B - 2 other
    groups. So if s holds B groups, two of its samples or more are of groups that r lacks. If s holds fewer, it has a double
    itself, and to exchange this one for x leaves s with one less, r with no more than before.

    Args:
        rows: batches [M, B] that share no sample; of each group at most M samples are in them.
        group: the group of every sample [N], numbers from 0.
        left, right: [N, D] with the similarity left[i] . right[j] of two samples, which is symmetric.
        near: for each batch, others in which to look first [M, K].
        order: the batches [M] in the order in which they are visited.
    """
    batches = len(rows)
    sums = np.zeros((batches, right.shape[1]), dtype=right.dtype)
    own = np.zeros(len(group), dtype=right.dtype)  # similarity of each sample to the others of its batch
    for row in range(batches):
        for sample in rows[row]:
            sums[row] += right[sample]
        measure(rows[row], left, right, sums[row], own)
    count = np.zeros(group.max() + 1, dtype=np.int64)  # of each group in the batch that is visited
    for row in order:
        for sample in rows[row]:
            count[group[sample]] += 1
        while True:
            place = least_fitting_double(rows[row], group, own, count)
            if place < 0:
                break
            given = rows[row, place]
            count[group[given]] -= 1
            rest = sums[row] - right[given]
            other, column = best_exchange(given, row, rest, near[row], rows, group, left, right, sums, own, count, False)
            everywhere = (row + 1 + np.arange(batches - 1)) % batches
            if other < 0:
                other, column = best_exchange(given, row, rest, everywhere, rows, group, left, right, sums, own, count, False)
            if other < 0:
                other, column = best_exchange(given, row, rest, everywhere, rows, group, left, right, sums, own, count, True)
            taken = rows[other, column]
            rows[row, place], rows[other, column] = taken, given
            count[group[taken]] += 1
            sums[row] = rest + right[taken]
            sums[other] += right[given] - right[taken]
            measure(rows[row], left, right, sums[row], own)
            measure(rows[other], left, right, sums[other], own)
        for sample in rows[row]:
            count[group[sample]] = 0


@compiled(fastmath=SUMS)
def measure(members, left, right, total, own):
    """Write the similarity of each sample of a batch to the others of it into `own`; `total` is the sum of its `right`."""
    for sample in members:
        value = right.dtype.type(0)
        for axis in range(len(total)):
            value += left[sample, axis] * (total[axis] - right[sample, axis])
        own[sample] = value


@compiled
def least_fitting_double(members, group, own, count):
    """Return the place, in a batch, of the sample least similar to the rest, among those that share a group; -1: none."""
    found = -1
    for place in range(len(members)):
        sample = members[place]
        if count[group[sample]] > 1 and (found < 0 or own[sample] < own[members[found]]):
            found = place
    return found


@compiled(fastmath=SUMS)
def best_exchange(given, row, rest, among, rows, group, left, right, sums, own, count, doubles):
    """Return batch and column of the sample to take for `given`, whose batch `row` holds groups `count` without it.

    Samples of groups that the batch lacks, in batches that lack the group of `given`; with `doubles`, samples that share
    their group with another of their batch. (-1, -1): none.
    """
    best, found, place, offers = np.inf, -1, -1, 0
    for other in among:
        lacks = other != row
        for sample in rows[other]:
            if group[sample] == group[given]:
                lacks = False
                break
        if not lacks:
            continue
        if offers == ENOUGH:
            break
        beside = right.dtype.type(0)  # of `given` to all of the other batch
        for axis in range(len(rest)):
            beside += left[given, axis] * sums[other, axis]
        offered = False
        for column in range(rows.shape[1]):
            taken = rows[other, column]
            if doubles:
                same = 0
                for sample in rows[other]:
                    same += group[sample] == group[taken]
                if same < 2:
                    continue
            elif count[group[taken]] > 0:
                continue
            offered = True
            there, between = right.dtype.type(0), right.dtype.type(0)
            for axis in range(len(rest)):
                there += left[taken, axis] * rest[axis]
                between += left[taken, axis] * right[given, axis]
            change = abs(there + beside - between - own[given] - own[taken])
            if change < best:
                best, found, place = change, other, column
        offers += offered
    return found, place
