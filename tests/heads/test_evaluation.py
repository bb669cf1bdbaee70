"""Retrieval with several captions of an item, against a slow loop."""

import pytest
import torch
from small_heads import small_features, small_settings

from replication.evaluation import retrieval_metrics
from replication.heads.evaluation import difference_over_queries, measures_of_ranks, retrieval_ranks
from replication.heads.networks import StackedHeads


@pytest.mark.parametrize("items", [5, 23])
def test_ranks_and_measures_are_those_of_a_slow_loop(items):
    features = small_features("test", items=items)
    heads = StackedHeads.random(small_settings(), 6, 5, [0])
    u, v = heads.embed("left", features.left[0]).double(), heads.embed("right", features.right).double()
    owner = [item for item, count in enumerate(features.counts.tolist()) for _ in range(count)]
    forth, back = [], []
    for item in range(items):
        own = max(float(u[item] @ v[c]) for c, of in enumerate(owner) if of == item)
        forth.append(1 + sum(float(u[item] @ v[c]) > own for c, of in enumerate(owner) if of != item))
    for caption, of in enumerate(owner):
        own = float(u[of] @ v[caption])
        back.append(1 + sum(float(u[item] @ v[caption]) > own for item in range(items) if item != of))
    ranks = retrieval_ranks(heads, features)
    assert ranks["u2v"].tolist() == forth and ranks["v2u"].tolist() == back
    measures = measures_of_ranks(ranks)
    for side, of_side in (("u2v", forth), ("v2u", back)):
        for k in (1, 5, 10):
            assert measures[f"{side} R@{k}"] == pytest.approx(100 * sum(rank <= k for rank in of_side) / len(of_side))
    expected = retrieval_metrics(u, v, torch.arange(items), features.item_of_caption)
    assert measures == pytest.approx({name: value for name, value in expected.items() if "R@" in name})


def test_difference_over_queries():
    """The difference is that of the measures, and an interval of equal trainings has no width."""
    features = small_features("test", items=40)
    ranks = [retrieval_ranks(StackedHeads.random(small_settings(), 6, 5, [seed]), features) for seed in range(3)]
    found = difference_over_queries(ranks[:2], ranks[2:], features, k=5)
    means = [measures_of_ranks(one)["mean R@5"] for one in ranks]
    assert found.difference == pytest.approx((means[0] + means[1]) / 2 - means[2])
    assert found.low <= found.difference <= found.high and found.low < found.high
    same = difference_over_queries(ranks[:1], ranks[:1], features)
    assert (same.difference, same.low, same.high) == (0, 0, 0)


def test_a_direction_with_more_captions_does_not_count_more():
    """All items hit and no caption does: the mean of both directions is 50 %, whatever the number of captions."""
    features = small_features("test", items=30)
    hit = {"u2v": torch.ones(30, dtype=torch.int64), "v2u": torch.full((len(features.right),), 99)}
    missed = {side: torch.full_like(ranks, 99) for side, ranks in hit.items()}
    found = difference_over_queries([hit], [missed], features)
    assert found.difference == pytest.approx(50)
