"""What holds for every selector: the value of a plan knows no order, and neither does what a selector achieves."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from weight_inside import within_weight

from replication.evaluation.shares import same_class_share
from replication.losses import batch_losses, mini_batch_loss
from replication.selection import (
    GCBS,
    BalancedKMeans,
    GraphPartition,
    JointExamples,
    MixedBatches,
    NearestNeighbour,
    OrderedSGD,
    RandomWalk,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)

SELECTORS = {
    "shuffled": ShuffledBatches(8),
    "OSGD": OrderedSGD(8, q=6, temperature=0.1),
    "SC": SpectralClustering(8, temperature=0.1),
    "SC (exp), chunks": SpectralClustering(8, k=8, affinity="exp", temperature=0.1),
    "SwapSearch": SwapSearch(8, temperature=0.1),
    "SwapSearch, chunks": SwapSearch(8, k=8, temperature=0.1),
    "SwapSearch by loss": SwapSearch(8, temperature=0.1, objective="loss"),
    "mixed": MixedBatches(SwapSearch(8, temperature=0.1), 0.5),
    "neighbours": NearestNeighbour(8),
    "neighbours, skip": NearestNeighbour(8, skip=4, window=20),
    "balanced k-means": BalancedKMeans(8),
    "GCBS": GCBS(8),
    "METIS": GraphPartition(8, temperature=0.1),
    "METIS, communities": GraphPartition(8, temperature=0.1, communities=3),
    "METIS, skip, communities": GraphPartition(8, skip=10, communities=2),
    "JEST": JointExamples(8, 0.5, temperature=0.1),
    "random walk": RandomWalk(8, neighbours=10),
}
PARTS = {OrderedSGD: 6, JointExamples: 4}  # batches that these choose of 64 samples, which hold 8
# k-means says so when it finds fewer distinct points than clusters, which duplicates make on purpose here.
pytestmark = pytest.mark.filterwarnings("ignore:Number of distinct clusters")

every_selector = pytest.mark.parametrize("selector", SELECTORS.values(), ids=list(SELECTORS))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def clustered(samples, groups=32, seed=0):
    generator = seeded(seed)
    centres = torch.randn(groups, 8, generator=generator)
    points = centres[torch.randint(groups, (samples,), generator=generator)]
    u, v = (points + 0.5 * torch.randn(samples, 8, generator=generator) for _ in range(2))
    return torch.nn.functional.normalize(u, dim=1), torch.nn.functional.normalize(v, dim=1)


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 6), size=st.integers(2, 7), seed=st.integers(0, 10**6))
def test_the_value_of_a_plan_knows_no_order(rows, size, seed):
    """Loss, lower bound and share of same-class pairs: unchanged by relabelled samples, reordered batches and members."""
    generator = seeded(seed)
    samples = rows * size + 3
    u, v = (x.double() for x in clustered(samples, seed=seed))
    labels = torch.randint(3, (samples,), generator=generator)
    plan = torch.randperm(samples, generator=generator)[: rows * size].view(rows, size)

    def values(u, v, labels, plan):
        each = batch_losses(u, v, plan, 0.1)
        numbers = [each.mean(), each.min(), each.max(), within_weight(u, v, plan, 0.1), same_class_share(plan, labels)]
        return [float(x) for x in numbers]

    expected = pytest.approx(values(u, v, labels, plan), rel=1e-10, abs=1e-12)
    order = torch.randperm(samples, generator=generator)  # new sample i is old sample order[i]
    assert values(u[order], v[order], labels[order], order.argsort()[plan]) == expected
    assert values(u, v, labels, plan[torch.randperm(rows, generator=generator)]) == expected
    shuffled = torch.stack([row[torch.randperm(size, generator=generator)] for row in plan])
    assert values(u, v, labels, shuffled) == expected


@pytest.mark.slow
@every_selector
def test_permuted_data_give_a_valid_plan_that_differs_no_more_than_seeds_do(selector):
    u, v = clustered(256)
    order = torch.randperm(256, generator=seeded(1))
    losses = []
    for a, b in ((u, v), (u[order], v[order])):
        plans = [selector.select(a, b, seeded(seed)) for seed in range(8)]
        assert all(plan.shape == plans[0].shape and len(plan.unique()) == plan.numel() for plan in plans)
        losses.append([float(mini_batch_loss(a, b, plan, 0.1)) for plan in plans])
    spread = max(map(np.ptp, losses))
    assert abs(np.mean(losses[0]) - np.mean(losses[1])) <= spread


@every_selector
def test_one_batch_duplicates_and_half_precision(selector):
    u, v = clustered(64)
    if getattr(selector, "skip", 0) == 0 and not isinstance(selector, OrderedSGD):  # these two want more than one batch
        assert selector.select(u[:8], v[:8], seeded()).sort().values.tolist() == [list(range(8))]
    for a, b in ((u.half(), v.half()), (u[:32].repeat(2, 1), v[:32].repeat(2, 1)), (u[:1].repeat(64, 1), v[:1].repeat(64, 1))):
        plan = selector.select(a, b, seeded())
        assert plan.shape == (PARTS.get(type(selector), 8), 8)
        assert len(plan.unique()) == plan.numel()


@every_selector
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_what_is_no_number_is_an_error(selector, bad):
    u, v = clustered(64)
    v[5, 2] = bad
    with pytest.raises(ValueError, match=r"^v has 1 of 64 rows with NaN or infinity \(first: row 5\)"):
        selector.select(u, v, seeded())


@every_selector
def test_numpy_arrays_and_views_as_one_are_told_what_to_do(selector):
    u, v = clustered(64)
    with pytest.raises(TypeError, match=r"^u is ndarray; it must be a floating-point tensor .*: use torch.from_numpy\(u\)$"):
        selector.select(u.numpy(), v.numpy(), seeded())
    with pytest.raises(TypeError, match=r"^v is ndarray; .*: use torch.from_numpy\(v\)$"):
        selector.select(u, v.numpy(), seeded())
    with pytest.raises(TypeError, match=r"^u is tuple; .*: pass the two views one by one, u and v$"):
        selector.select((u, v), generator=seeded())
    with pytest.raises(ValueError, match=r"^u has shape \[2, 64, 8\]; .*: pass the two views one by one, u and v$"):
        selector.select(torch.stack([u, v]), generator=seeded())


@pytest.mark.parametrize("make", [OrderedSGD, SpectralClustering, SwapSearch, GraphPartition, JointExamples])
@pytest.mark.parametrize("temperature", [torch.tensor(0.1), torch.nn.Parameter(torch.tensor(0.1))])
def test_a_tensor_is_no_temperature(make, temperature):
    with pytest.raises(
        TypeError, match=r"^temperature is a tensor of shape \[\]; pass a number, such as temperature.item\(\)$"
    ):
        make(8, temperature=temperature)
