"""GCBS: the order has a smaller bandwidth than the data's own, and separate groups stay together."""

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import reverse_cuthill_mckee

from replication.selection.gcbs import GCBS
from replication.selection.kernels.neighbours import neighbour_graph


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def bandwidth(graph, order):
    """Return the largest distance, in the order, of two samples that have an edge."""
    position = np.argsort(order)
    rows, columns = graph.nonzero()
    return np.abs(position[rows] - position[columns]).max()


def test_samples_on_a_circle_are_cut_into_arcs():
    """Neighbours on a circle: the search runs around it in both directions at once, so a batch is two arcs at most."""
    angle = 2 * torch.pi * torch.randperm(120, generator=generator()).double() / 120
    u = torch.stack([angle.cos(), angle.sin()], dim=1)
    plan = GCBS(10, neighbours=2).select(u, generator=generator())
    for batch in plan:
        place = (angle[batch] * 120 / (2 * torch.pi)).round().long().sort().values
        gaps = torch.cat([place.diff(), place[:1] + 120 - place[-1:]])
        assert (gaps > 1).sum() <= 2


def test_the_bandwidth_is_smaller_than_in_random_order():
    u, v = (torch.nn.functional.normalize(torch.randn(300, 3, generator=generator(seed)), dim=1) for seed in range(2))
    graph = neighbour_graph(u, v, 4)
    order = reverse_cuthill_mckee(graph, symmetric_mode=True)
    assert bandwidth(graph, order) < 0.5 * bandwidth(graph, np.arange(300))


def test_each_batch_is_a_run_of_the_order():
    """With no sample left over, the rows are those of the order of the shuffled data, in another sequence."""
    u, v = (torch.nn.functional.normalize(torch.randn(60, 3, generator=generator(seed)), dim=1) for seed in range(2))
    samples = torch.randperm(60, generator=generator(5))
    order = reverse_cuthill_mckee(neighbour_graph(u[samples], v[samples], 4), symmetric_mode=True)
    runs = samples[torch.from_numpy(order.astype(np.int64))].view(10, 6).tolist()
    plan = GCBS(6, neighbours=4).select(u, v, generator(5)).tolist()
    assert sorted(plan) == sorted(runs)
    assert plan != runs


@pytest.mark.parametrize("groups", [5, 20])
def test_groups_without_edges_between_them_become_batches(groups):
    g = generator(groups)
    label = torch.arange(groups).repeat(7)[torch.randperm(7 * groups, generator=g)]
    u = torch.eye(groups)[label] + 0.02 * torch.randn(7 * groups, groups, generator=g)
    plan = GCBS(7, neighbours=6).select(u, generator=g)
    assert (label[plan] == label[plan[:, :1]]).all()


def test_wrong_parameters():
    with pytest.raises(ValueError, match=r"^neighbours=0 must be >= 1$"):
        GCBS(4, neighbours=0)
    with pytest.raises(TypeError, match=r"^neighbours=1.5 must be an integer$"):
        GCBS(4, neighbours=1.5)
