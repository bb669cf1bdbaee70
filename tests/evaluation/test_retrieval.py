"""Retrieval against sorting in loops; ties, groups, blocks."""

import statistics

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.evaluation import retrieval, retrieval_metrics


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def slow_ranks(queries, gallery, right, normalize):
    """Return the place of the first right answer in the sorted gallery; `right(i, j)` tells whether j answers i."""
    ranks = []
    for i, query in enumerate(queries):
        scores = []
        for j, item in enumerate(gallery):
            score = float(query @ item)
            scores.append((score / float(query.norm() * item.norm()) if normalize else score, j))
        order = [j for _, j in sorted(scores, reverse=True)]
        ranks.append(1 + next(place for place, j in enumerate(order) if right(i, j)))
    return ranks


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.booleans(), st.integers(1, 40), st.integers(0, 10**6))
def test_ranks_equal_sorting_for_any_block_size(n, d, normalize, max_elements, seed):
    d = d + 1 if normalize else d  # in one dimension all cosines tie
    u, v = drawn(2, n, d, seed=seed) * torch.linspace(0.2, 3, n, dtype=torch.float64)[:, None]
    ranks = retrieval(u, v, normalize=normalize, max_elements=max_elements)
    assert ranks.dtype == torch.int64 and ranks.tolist() == slow_ranks(u, v, lambda i, j: i == j, normalize)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 10**6))
def test_groups_of_several_queries_and_several_items(images, captions, seed):
    """Captions: every text finds its image; an image finds the best of its texts, whatever the order of the texts."""
    image, text = drawn(images, 3, seed=seed), drawn(images * captions, 3, seed=seed + 1)
    shuffled = torch.randperm(images * captions, generator=torch.Generator().manual_seed(seed))
    owner = shuffled % images
    found = retrieval(image, text, torch.arange(images), owner, max_elements=7)
    assert found.tolist() == slow_ranks(image, text, lambda i, j: owner[j] == i, True)
    found = retrieval(text, image, owner, torch.arange(images), max_elements=7)
    assert found.tolist() == slow_ranks(text, image, lambda i, j: owner[i] == j, True)


def test_metrics_are_summaries_of_the_ranks():
    u, v = drawn(2, 40, 6)
    v += 0.7 * u
    metrics = retrieval_metrics(u, v, ks=(1, 3))
    for direction, a, b in (("u2v", u, v), ("v2u", v, u)):
        ranks = slow_ranks(a, b, lambda i, j: i == j, True)
        assert statistics.median(ranks) > 1 and 0 < metrics[f"{direction} R@1"] < metrics[f"{direction} R@3"] < 100
        for k in (1, 3):
            assert metrics[f"{direction} R@{k}"] == pytest.approx(100 * sum(rank <= k for rank in ranks) / 40)
        assert metrics[f"{direction} MRR"] == pytest.approx(statistics.fmean(1 / rank for rank in ranks))
        assert metrics[f"{direction} median rank"] == statistics.median(ranks)
    names = ["R@1", "R@3", "MRR", "median rank"]
    assert list(metrics) == [f"{direction} {name}" for direction in ("u2v", "v2u", "mean") for name in names]
    for name in names:
        assert metrics[f"mean {name}"] == pytest.approx((metrics[f"u2v {name}"] + metrics[f"v2u {name}"]) / 2)


def test_metrics_pass_groups_to_their_own_side():
    image, text, owner = drawn(6, 4), drawn(12, 4, seed=1), torch.arange(12) % 6
    metrics = retrieval_metrics(image, text, torch.arange(6), owner, ks=(2,))
    there, back = retrieval(image, text, torch.arange(6), owner), retrieval(text, image, owner, torch.arange(6))
    assert metrics["u2v R@2"] == pytest.approx(100 * float((there <= 2).double().mean()))
    assert metrics["v2u R@2"] == pytest.approx(100 * float((back <= 2).double().mean()))


def test_normalising_matters():
    """A long row attracts every inner product, and no cosine."""
    u = torch.eye(5) + 0.2
    v = u.clone()
    v[0] *= 100
    assert retrieval_metrics(u, v)["u2v R@1"] == 100
    assert retrieval_metrics(u, v, normalize=False)["u2v R@1"] == 20


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("n", [2, 97, 400])
def test_collapsed_embeddings_score_nothing(n, dtype, normalize):
    """All embeddings alike, up to their lengths and rounding: no right answer comes first."""
    row = drawn(1, 33, dtype=dtype)
    lengths = torch.ones(n, 1, dtype=dtype)
    if normalize and dtype != torch.bfloat16:  # in half precision the lengths would turn the direction
        lengths *= torch.linspace(0.1, 50, n, dtype=dtype).unsqueeze(1)
    metrics = retrieval_metrics(row * lengths, row.expand(n, 33), normalize=normalize)
    assert metrics["mean R@1"] == 0 and metrics["mean median rank"] == n


def test_rounding_grows_with_the_lengths():
    """Rows that differ by less than float32 resolves in their inner products are ties, however long they are."""
    u = torch.ones(3, 4)
    v = 1e4 * torch.ones(3, 4)
    v[0] += 1e-2
    assert retrieval(u, v, normalize=False).tolist() == [3, 3, 3]
    assert retrieval(u.double(), v.double(), normalize=False).tolist() == [1, 3, 3]


def test_perfect_and_half_precision_embeddings():
    u = drawn(30, 8, dtype=torch.float32)
    assert retrieval_metrics(u, u.clone())["mean MRR"] == 1
    assert retrieval_metrics(u.bfloat16(), u.bfloat16())["mean R@1"] == 100


def test_no_gradient_is_kept():
    u = drawn(5, 3).requires_grad_()
    assert not retrieval(u, u).requires_grad


def test_wrong_inputs_raise_one_clear_line():
    u, v = drawn(4, 3), drawn(6, 3)
    groups = torch.arange(4)
    cases = [
        (TypeError, "queries is list; it must be a floating-point tensor", lambda: retrieval([1.0], u)),
        (TypeError, "gallery is torch.float32; it must have the type of queries", lambda: retrieval(u, u.float())),
        (ValueError, r"queries has shape \[4\]", lambda: retrieval(u[:, 0], u)),
        (ValueError, r"gallery has shape \[0, 3\]", lambda: retrieval(u, u[:0])),
        (ValueError, "queries has 3 of 12 values that are NaN", lambda: retrieval(u.where(u != u[1], torch.nan), u)),
        (ValueError, "gallery has d=2; it must equal d=3 of queries", lambda: retrieval(u, u[:, :2])),
        (ValueError, "gallery has 6 rows; without groups it must have 4", lambda: retrieval(u, v)),
        (ValueError, "gallery_groups is None; give", lambda: retrieval(u, v, groups)),
        (TypeError, "query_groups is torch.float64; it must be an integer", lambda: retrieval(u, u, groups.double(), groups)),
        (ValueError, r"gallery_groups has shape \[4\]; it must be \[6\]", lambda: retrieval(u, v, groups, groups)),
        (ValueError, r"query_groups\[3\]=3 occurs in no gallery item", lambda: retrieval(u, u, groups, groups % 3)),
        (ValueError, "k=0 must be >= 1", lambda: retrieval_metrics(u, u, ks=(0,))),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)


def test_ks_may_be_any_iterable_of_integers():
    u, v = drawn(20, 6), drawn(20, 6, seed=1)
    expected = retrieval_metrics(u, v, ks=[1, 5])
    assert retrieval_metrics(u, v, ks=(k for k in (1, 5))) == expected and "mean R@5" in expected
    with pytest.raises(TypeError, match=r"^ks=5 must be several integers, such as \(5,\)$"):
        retrieval_metrics(u, v, ks=5)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.int32, torch.uint32])
def test_groups_of_every_integer_type_and_of_booleans_mean_the_same(dtype):
    u, v, groups = drawn(20, 6), drawn(20, 6, seed=1), torch.arange(20) % 2
    expected = retrieval(u, v, groups, groups)
    assert torch.equal(retrieval(u, v, groups.to(dtype), groups.to(dtype)), expected)
    assert torch.equal(retrieval(u, v, groups.to(dtype), groups), expected)


def test_one_long_item_makes_no_ties_of_the_others():
    """Its score is only known to so much, and it counts against the right answer; those of the others are known better."""
    u = torch.randn(50, 8, generator=torch.Generator().manual_seed(0))
    u[:, 7] = 0
    v = u + 0.5 * torch.randn(50, 8, generator=torch.Generator().manual_seed(1))
    far = torch.zeros(1, 8)
    far[0, 7] = 1e7  # orthogonal to every query
    gallery = torch.cat([v, far])
    numbers = torch.arange(51)
    alone = retrieval(u, v, normalize=False)
    beside = retrieval(u, gallery, numbers[:50], numbers, normalize=False)
    assert torch.equal(beside, alone + 1) and (alone == 1).sum() > 20
