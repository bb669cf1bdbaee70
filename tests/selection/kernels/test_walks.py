"""Random walks: every draw against plain Python, the first batch against enumeration, and what a stuck walk gets."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.selection.kernels.walks import PATIENCE, walk_batches


def random_graph(vertices, neighbours, seed):
    """Return distinct neighbours of each vertex, never itself."""
    random = np.random.default_rng(seed)
    others = [[j for j in range(vertices) if j != i] for i in range(vertices)]
    return np.array([random.choice(row, neighbours, replace=False) for row in others])


def slow_batches(near, size, restart, overlap, rng):
    """The same walks on sets and lists, with the same draws."""
    vertices = len(near)
    used, batches = set(), []
    while len(batches) < vertices // size:
        start = here = next(i for i in range(vertices) if i not in used)
        batch = [start]
        for _ in range(PATIENCE * size):
            if len(batch) == size:
                break
            here = start if rng.random() < restart else int(near[here][rng.integers(0, len(near[here]))])
            if here not in batch and (overlap or here not in used):
                batch.append(here)
        used |= set(batch)
        others = (i for i in range(vertices) if i not in used)
        batch += [next(others) for _ in range(size - len(batch))]
        used |= set(batch)
        batches.append(batch)
    return batches


@settings(max_examples=40, deadline=None)
@given(
    batches=st.integers(1, 6),
    size=st.integers(2, 7),
    neighbours=st.integers(1, 5),
    restart=st.floats(0, 0.9),
    overlap=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_the_walks_are_those_of_plain_python(batches, size, neighbours, restart, overlap, seed):
    near = random_graph(batches * size, min(neighbours, batches * size - 1), seed)
    found = walk_batches(near, size, restart, overlap, np.random.default_rng(seed))
    assert found.tolist() == slow_batches(near, size, restart, overlap, np.random.default_rng(seed))
    assert all(len(set(row)) == size for row in found.tolist())
    assert overlap or sorted(found.ravel()) == list(range(batches * size))


@pytest.mark.parametrize("restart", [0.0, 0.3])
def test_the_first_batch_has_the_probabilities_of_enumeration(restart):
    """9 vertices, batches of 3: the chain of (place, vertices met so far) is followed until it has come to an end."""
    near = random_graph(9, 3, seed=5)
    states, ends = {(0, (0,)): 1.0}, defaultdict(float)
    for _ in range(200):
        following = defaultdict(float)
        for (here, met), probability in states.items():
            steps = [(0, restart)] + [(int(there), (1 - restart) / 3) for there in near[here]]
            for there, chance in steps:
                now = met if there in met else (*met, there)
                if len(now) == 3:
                    ends[now] += probability * chance
                else:
                    following[there, now] += probability * chance
        states = following
    assert sum(ends.values()) == pytest.approx(1)
    rng, draws, counts = np.random.default_rng(0), 5000, defaultdict(int)
    for _ in range(draws):
        counts[tuple(walk_batches(near, 3, restart, False, rng)[0].tolist())] += 1
    assert set(counts) <= set(ends)
    for batch, probability in ends.items():
        assert abs(counts[batch] / draws - probability) < 5 * np.sqrt(probability * (1 - probability) / draws) + 1e-9


def test_a_walk_that_cannot_leave_its_corner_gets_the_first_vertices_that_are_free():
    """Pairs of vertices that know only each other, batches of 4."""
    near = np.array([[1], [0], [3], [2], [5], [4], [7], [6]])
    for overlap in (False, True):
        assert walk_batches(near, 4, 0.1, overlap, np.random.default_rng(0)).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_with_overlap_a_walk_takes_vertices_of_other_batches_but_starts_at_none():
    """All know only the first two: without overlap these are gone after the first batch."""
    near = np.array([[1, 1], [0, 0], *[[0, 1]] * 7])
    shared = walk_batches(near, 3, 0.1, True, np.random.default_rng(0)).tolist()
    assert [row[0] for row in shared] == [0, 3, 4]
    assert [sorted(row[1:]) for row in shared] == [[1, 2], [0, 1], [0, 1]]
    alone = walk_batches(near, 3, 0.1, False, np.random.default_rng(0)).tolist()
    assert alone == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
