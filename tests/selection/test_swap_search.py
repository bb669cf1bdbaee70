import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from weight_inside import within_weight

from replication.losses import mini_batch_loss
from replication.selection import FixedBatches, OrderedSGD, ShuffledBatches, SpectralClustering, SwapSearch, edge_weights
from replication.selection import swap_search as module
from replication.selection.kernels.swaps import swap_by_loss, swap_by_weight


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def clustered(n, d=8, groups=None, seed=0, noise=0.5):
    generator = seeded(seed)
    centres = torch.nn.functional.normalize(torch.randn(groups or max(2, n // 4), d, generator=generator), dim=1)
    points = centres[torch.randint(len(centres), (n,), generator=generator)]
    u, v = (points + noise * torch.randn(n, d, generator=generator) / d**0.5 for _ in range(2))
    return torch.nn.functional.normalize(u, dim=1), torch.nn.functional.normalize(v, dim=1)


def weight_inside(weights, label):
    same = label[:, None] == label[None, :]
    return float((weights * same).sum() / 2)


def test_bound_ends_in_a_partition_that_no_swap_improves():
    u, v = clustered(24)
    rows = SwapSearch(4, temperature=0.2).select(u, v, seeded())
    label = np.empty(24, dtype=int)
    label[rows.numpy()] = np.arange(6)[:, None]
    weights = edge_weights(u.double(), v.double(), 4, 0.2).numpy()
    best = weight_inside(weights, label)
    for i, j in itertools.combinations(range(24), 2):
        swapped = label.copy()
        swapped[i], swapped[j] = label[j], label[i]
        assert weight_inside(weights, swapped) <= best * (1 + 1e-3)


@pytest.mark.parametrize("objective", ["bound", "loss"])
def test_finds_the_best_of_all_partitions_from_some_start(objective):
    u, v = clustered(8, groups=8, noise=0.8)
    firsts = [(0, *rest) for rest in itertools.combinations(range(1, 8), 3)]
    plans = [torch.tensor([first, tuple(set(range(8)) - set(first))]) for first in firsts]
    weights = edge_weights(u, v, 4, 0.3)

    def value(plan):
        if objective == "loss":
            return float(mini_batch_loss(u, v, plan, 0.3))
        return sum(float(weights[row][:, row].sum()) for row in plan)

    found = max(value(SwapSearch(4, temperature=0.3, objective=objective).select(u, v, seeded(s))) for s in range(6))
    assert found == pytest.approx(max(map(value, plans)), rel=1e-5)


@given(st.integers(2, 6), st.integers(2, 6), st.integers(0, 5), st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_kernels_never_lower_their_objective(size, clusters, extra, seed):
    n = size * clusters
    u, v = clustered(n, seed=seed)
    weights = edge_weights(u, v, size, 0.1)
    label = np.arange(n) % clusters
    before = weight_inside(weights.numpy(), label)
    swap_by_weight(weights.numpy(), label, clusters, 100)
    assert weight_inside(weights.numpy(), label) >= before * (1 - 1e-5)
    assert (np.bincount(label) == size).all()

    z = u @ v.T / 0.1
    forth, back = (x.sub(z.diagonal()[:, None]).exp().numpy() for x in (z, z.T))
    members = label.argsort(kind="stable").reshape(clusters, size)
    loss = float(mini_batch_loss(u, v, torch.from_numpy(members.copy()), 0.1))
    swap_by_loss(weights.numpy(), forth, back, label, members, 100, 4)
    assert float(mini_batch_loss(u, v, torch.from_numpy(members), 0.1)) >= loss - 1e-5
    assert (label[members] == np.arange(clusters)[:, None]).all()
    assert sorted(members.flatten()) == list(range(n))


@given(
    st.integers(2, 60),
    st.integers(2, 9),
    st.sampled_from([None, 1, 2, 5]),
    st.sampled_from(["bound", "loss"]),
    st.integers(0, 9),
)
@settings(max_examples=30, deadline=None)
def test_plans_are_partitions(n, size, k, objective, seed):
    size = min(size, n)
    u, v = clustered(n, seed=seed)
    selector = SwapSearch(size, k, 0.1, objective)
    rows = selector.select(u, v, seeded(seed))
    assert rows.shape == (n // size, size)
    assert len(rows.unique()) == rows.numel()
    assert torch.equal(rows, selector.select(u, v, seeded(seed)))


def test_harder_than_spectral_clustering_and_refines_it():
    u, v = clustered(320, d=16, groups=20, noise=1.0)
    clustering = SpectralClustering(16, temperature=0.1)
    loss = {
        "sc": mini_batch_loss(u, v, clustering.select(u, v, seeded()), 0.1),
        "swap": mini_batch_loss(u, v, SwapSearch(16, temperature=0.1).select(u, v, seeded()), 0.1),
        "refined": mini_batch_loss(u, v, SwapSearch(16, temperature=0.1, refine=clustering).select(u, v, seeded()), 0.1),
        "by loss": mini_batch_loss(u, v, SwapSearch(16, temperature=0.1, objective="loss").select(u, v, seeded()), 0.1),
    }
    assert loss["sc"] < loss["swap"] < loss["by loss"]
    assert loss["sc"] < loss["refined"]


@pytest.mark.parametrize("limit", [16, 64])
def test_large_sets_are_searched_in_rounds(monkeypatch, limit):
    monkeypatch.setattr(module, "DENSE_LIMIT", limit)
    monkeypatch.setattr(module, "GROUP_LIMIT", limit)
    u, v = clustered(203, groups=20)
    selectors = [SwapSearch(8, temperature=0.1, rounds=rounds, workers=workers) for rounds, workers in ((1, 1), (6, 1), (6, 3))]
    plans = [selector.select(u, v, seeded()) for selector in selectors]
    assert all(plan.shape == (25, 8) and len(plan.unique()) == 200 for plan in plans)
    assert torch.equal(plans[1], plans[2])
    one, more, _ = (within_weight(u, v, plan, 0.1) for plan in plans)
    assert more >= one
    shuffled = ShuffledBatches(8).select(u, v, seeded())
    assert mini_batch_loss(u, v, plans[1], 0.1) > mini_batch_loss(u, v, shuffled, 0.1)


@pytest.mark.parametrize("objective", ["bound", "loss"])
def test_number_of_workers_does_not_matter(objective):
    u, v = clustered(200)
    plans = [SwapSearch(8, 5, 0.1, objective, workers=workers).select(u, v, seeded()) for workers in (1, 2, 5, None)]
    assert all(torch.equal(plans[0], plan) for plan in plans)
    plans = [SpectralClustering(8, 5, temperature=0.1, workers=workers).select(u, v, seeded()) for workers in (1, 3)]
    assert torch.equal(*plans)


@pytest.mark.parametrize("size", [8, 30])
def test_a_group_knows_the_weight_inside_its_batches(size):
    u, v = clustered(60)
    rows = ShuffledBatches(size).select(u, v, seeded())
    for start in (rows, rows[:1]):
        found, inside = SwapSearch(size, temperature=0.1)._search(u, v, start, True)
        assert inside / (size * (size - 1) * len(start)) == pytest.approx(within_weight(u, v, found, 0.1), rel=1e-5)


def test_permuted_input_gives_a_plan_of_the_same_quality():
    u, v = clustered(256, groups=32)
    order = torch.randperm(256, generator=seeded(1))
    values = [
        [float(mini_batch_loss(a, b, SwapSearch(8, temperature=0.1).select(a, b, seeded(s)), 0.1)) for s in range(8)]
        for a, b in ((u, v), (u[order], v[order]))
    ]
    spread = max(values[0]) - min(values[0])
    assert abs(np.mean(values[0]) - np.mean(values[1])) <= spread


@pytest.mark.parametrize("objective", ["bound", "loss"])
def test_degenerate_inputs(objective):
    selector = SwapSearch(4, temperature=0.05, objective=objective)
    same = torch.ones(13, 3)
    assert selector.select(same).shape == (3, 4)
    doubled = clustered(6)[0].repeat(2, 1)
    assert len(selector.select(doubled).unique()) == 12
    assert selector.select(clustered(4)[0]).shape == (1, 4)
    assert selector.select(clustered(12)[0].half()).shape == (3, 4)
    with pytest.raises(ValueError, match="NaN"):
        selector.select(torch.full((8, 2), float("nan")))


def test_refine_must_partition():
    u, v = clustered(32)
    with pytest.raises(ValueError, match=r"refine=OrderedSGD gave batches \[1, 4\]; it must partition the data into \[8, 4\]"):
        SwapSearch(4, refine=OrderedSGD(4)).select(u, v)
    with pytest.raises(ValueError, match="refine=FixedBatches"):
        SwapSearch(4, refine=FixedBatches(batches=torch.arange(4).repeat(8, 1))).select(u, v)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 1}, "batch_size=1 must be >= 2"),
        ({"batch_size": 4, "objective": "both"}, "objective='both' must be one of 'bound', 'loss'"),
        ({"batch_size": 4, "temperature": 0}, "temperature=0"),
        ({"batch_size": 4, "rounds": 0}, "rounds=0"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        SwapSearch(**arguments)


@pytest.mark.parametrize("limit", [8, 1000])
def test_refining_by_loss_never_lowers_the_loss(monkeypatch, limit):
    monkeypatch.setattr(module, "DENSE_LIMIT", limit)
    monkeypatch.setattr(module, "GROUP_LIMIT", 16)
    for seed in range(20):
        u, v = clustered(48, seed=seed)
        start = SwapSearch(8, temperature=0.1, objective="loss").select(u, v, seeded(seed))
        refined = SwapSearch(8, temperature=0.1, objective="loss", refine=FixedBatches(batches=start)).select(u, v, seeded())
        assert mini_batch_loss(u, v, refined, 0.1) >= mini_batch_loss(u, v, start, 0.1) - 1e-5


def test_large_sets_do_not_depend_on_torch_threads():
    u, v = clustered(2720, groups=200)
    threads = torch.get_num_threads()
    try:
        plans = []
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            plans.append(SwapSearch(8, temperature=0.1, rounds=2).select(u, v, seeded()))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(plans[0], plans[1]) and torch.equal(plans[0], plans[2])


def test_refine_must_be_a_selector():
    with pytest.raises(TypeError, match="refine='SC' must be a BatchSelector or None"):
        SwapSearch(4, refine="SC")
