"""DistinctGroups: no group twice in a batch, a partition wherever one exists, and hardness kept as far as can be."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.losses import mini_batch_loss
from replication.selection import (
    GCBS,
    AllBatches,
    BalancedKMeans,
    DistinctGroups,
    FixedBatches,
    FullBatch,
    JointExamples,
    MixedBatches,
    NearestNeighbour,
    OrderedSGD,
    PlannedBatchSampler,
    RandomWalk,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)

SELECTORS = {
    "shuffled": ShuffledBatches(8),
    "fixed": FixedBatches(8),
    "OSGD": OrderedSGD(8, q=3, temperature=0.1),
    "SC": SpectralClustering(8, temperature=0.1),
    "SwapSearch": SwapSearch(8, temperature=0.1),
    "SwapSearch, chunks": SwapSearch(8, k=3, temperature=0.1),
    "mixed": MixedBatches(SwapSearch(8, temperature=0.1), 0.5),
    "neighbours": NearestNeighbour(8),
    "balanced k-means": BalancedKMeans(8),
    "GCBS": GCBS(8),
    "JEST": JointExamples(8, 0.5, temperature=0.1),
    "random walk": RandomWalk(8, neighbours=10),
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def embeddings(groups, seed=0, spread=0.3):
    """Return pairs that lie near those of their group, so that hard batches would hold many of one."""
    centres = torch.randn(int(groups.max()) + 1, 8, generator=seeded(seed))
    return tuple(centres[groups] + spread * torch.randn(len(groups), 8, generator=seeded(seed + each)) for each in (1, 2))


def each_group_once(plan, groups):
    return all(len(set(row)) == len(row) for row in groups[plan].tolist())


@pytest.mark.parametrize("selector", SELECTORS.values(), ids=list(SELECTORS))
def test_every_selector_gives_batches_of_distinct_groups(selector):
    groups = torch.randint(12, (67,), generator=seeded(3))  # 8 batches of 8, 3 samples left over
    u, v = embeddings(groups)
    distinct = DistinctGroups(selector, groups)
    free, plan = selector.select(u, v, seeded()), distinct.select(u, v, seeded())
    assert plan.shape == free.shape and len(plan.unique()) == plan.numel()
    assert each_group_once(plan, groups)
    assert torch.equal(plan, distinct.select(u, v, seeded()))


def exists(groups, batch_size):
    """Say by counting whether batches can be dealt: a group fills at most one place in each."""
    batches = len(groups) // batch_size
    return sum(min(batches, groups.count(group)) for group in set(groups)) >= batches * batch_size


@settings(max_examples=150, deadline=None)
@given(groups=st.lists(st.integers(0, 9), min_size=2, max_size=48), batch_size=st.integers(2, 9), seed=st.integers(0, 99))
def test_a_partition_wherever_one_exists(groups, batch_size, seed):
    if batch_size > len(groups) or not exists(groups, batch_size):
        with pytest.raises(ValueError, match=r"^distinct has "):
            DistinctGroups(ShuffledBatches(batch_size), groups)
        return
    labels = torch.tensor(groups)
    for selector in (ShuffledBatches(batch_size), NearestNeighbour(batch_size)):
        plan = DistinctGroups(selector, groups).select(*embeddings(labels, seed), seeded(seed))
        assert plan.shape == (len(groups) // batch_size, batch_size)
        assert len(plan.unique()) == plan.numel() and each_group_once(plan, labels)


@pytest.mark.parametrize("selector", [NearestNeighbour(6), ShuffledBatches(6)])
def test_full_batches_of_every_group(selector):
    """Six groups of ten and batches of six: each batch must hold every group; the start holds whole groups."""
    groups = torch.arange(60) // 10
    plan = DistinctGroups(selector, groups).select(*embeddings(groups, spread=0.01), seeded())
    assert groups[plan].sort(dim=1).values.tolist() == [list(range(6))] * 10


def test_what_a_group_has_too_many_is_left_over():
    groups = torch.tensor([0] * 5 + [1, 2, 3, 4, 5, 6])  # 3 batches of 3: two of group 0 are the two left over
    seen = set()
    for seed in range(20):
        plan = DistinctGroups(ShuffledBatches(3), groups).plan(11, seeded(seed))
        assert each_group_once(plan, groups)
        seen |= {sample for sample in range(11) if sample not in plan}
    assert seen == {0, 1, 2, 3, 4}


def test_a_plan_without_doubles_stays_as_it_is():
    u, v = embeddings(torch.arange(40) // 4)
    for groups in (torch.arange(40), [f"text {number}" for number in range(40)]):
        free = SwapSearch(4).select(u, v, seeded())
        assert torch.equal(DistinctGroups(SwapSearch(4), groups).select(u, v, seeded()), free)


def test_few_doubles_cost_little_hardness_and_shuffled_batches_become_no_harder():
    u, v = embeddings(torch.arange(320) // 20)
    groups = torch.arange(320) // 2  # pairs of alike samples
    hard = {}
    for name, selector in {"hard": SwapSearch(8, temperature=0.3), "shuffled": ShuffledBatches(8)}.items():
        plans = selector.select(u, v, seeded()), DistinctGroups(selector, groups).select(u, v, seeded())
        assert not each_group_once(plans[0], groups)
        hard[name] = [float(mini_batch_loss(u, v, plan, 0.3, normalize=True)) for plan in plans]
    assert hard["hard"][1] > 0.9 * hard["hard"][0] > 1.3 * hard["shuffled"][0]
    assert hard["shuffled"][1] == pytest.approx(hard["shuffled"][0], rel=0.02)


def test_labels_may_be_texts_or_integers_of_any_kind():
    names = [f"image {number % 7}" for number in range(29)]
    numbers = [number % 7 for number in range(29)]
    frames = [
        names,
        tuple(names),
        np.array(names),
        np.array(names, dtype=object),
        numbers,
        np.array(numbers),
        torch.tensor(numbers),
    ]
    plans = [DistinctGroups(ShuffledBatches(4), labels).plan(29, seeded()).tolist() for labels in frames]
    assert all(plan == plans[0] for plan in plans)


def test_the_sampler_takes_the_option_and_its_state_knows_the_groups():
    groups = [number // 3 for number in range(30)]
    u = torch.randn(30, 4, generator=seeded())
    sampler = PlannedBatchSampler(SwapSearch(5), 30, distinct=groups)
    sampler.update(u)
    assert each_group_once(sampler.plan, torch.tensor(groups)) and len(sampler) == 6
    other = PlannedBatchSampler(SwapSearch(5), 30, distinct=list(range(30)))
    with pytest.raises(
        ValueError, match=r"^the saved state has selector=DistinctGroups\(SwapSearch\(5\), <int64 \[30\], checksum"
    ):
        other.load_state_dict(sampler.state_dict())
    with pytest.raises(ValueError, match=r"^distinct has 30 labels; it must have one for each of 31 samples$"):
        PlannedBatchSampler(SwapSearch(5), 31, distinct=groups)


def test_fixed_batches_stay_fixed():
    selector = DistinctGroups(FixedBatches(4), [number // 2 for number in range(22)])
    assert selector.replays and not selector.uses_embeddings
    assert torch.equal(selector.plan(22, seeded(1)), selector.plan(22, seeded(2)))


def test_what_cannot_be_is_said_in_one_line_before_any_work():
    for arguments, kind, message in [
        ((ShuffledBatches, [0, 1]), TypeError, r"^selector is ABCMeta; it must be a BatchSelector$"),
        (
            (ShuffledBatches(2), [[0], [1]]),
            ValueError,
            r"^distinct has shape \[2, 1\]; it must be \[N\], a label for each sample$",
        ),
        ((ShuffledBatches(2), []), ValueError, r"^distinct has shape \[0\]"),
        ((ShuffledBatches(2), {0: 0, 1: 1}), TypeError, r"^distinct is dict; it must be N integers or texts, in a list"),
        ((ShuffledBatches(2), {0, 1}), TypeError, r"^distinct is set; it must be N integers or texts, in a list"),
        ((ShuffledBatches(2), 5), TypeError, r"^distinct is int; it must be N integers or texts, in a list"),
        ((ShuffledBatches(2), "ab"), TypeError, r"^distinct is str; it must be N integers or texts, in a list"),
        ((ShuffledBatches(2), [0.5, 1.0]), TypeError, r"^distinct holds 0.5; labels must be integers or texts$"),
        ((ShuffledBatches(2), ["a", None]), TypeError, r"^distinct holds None; labels"),
        ((ShuffledBatches(2), torch.tensor([True, False])), TypeError, r"^distinct holds (np.)?True_?; labels"),
        ((ShuffledBatches(4), [0, 1]), ValueError, r"^distinct has 2 labels; it must have at least batch_size=4$"),
        (
            (SwapSearch(3), [7, 8, 8, 8, 8, 8, 2, 3, 4, 5]),
            ValueError,
            r"^distinct has a group of 5 samples \(first: sample 1\), but N=10 samples make 3 batches of 3 with at most one "
            r"of a group in each, and only 1 may be left over$",
        ),
    ]:
        with pytest.raises(kind, match=message):
            DistinctGroups(*arguments)
    with pytest.raises(ValueError, match=r"^distinct has 3 labels; it must have one for each of 4 samples$"):
        DistinctGroups(ShuffledBatches(2), [0, 1, 2]).plan(4)
    with pytest.raises(ValueError, match=r"^distinct needs batches that share no sample; AllBatches\(2\) gave some that do$"):
        DistinctGroups(AllBatches(2), [0, 1, 2]).plan(3)
    with pytest.raises(
        ValueError, match=r"^distinct has a group of 2 samples .* make 1 batches of 3 with at most one of a group"
    ):
        DistinctGroups(FullBatch(), [0, 1, 0]).plan(3)
