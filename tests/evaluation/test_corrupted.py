"""Retrieval among the corruptions of one image, against loops."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.evaluation import corruption_retrieval


def drawn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def slow_accuracy(queries, gallery, normalize):
    corruptions, images, _ = queries.shape
    hits = 0
    for image in range(images):
        for mine in range(corruptions):
            query = queries[mine, image]
            scores = []
            for other in range(corruptions):
                item = gallery[other, image]
                scores.append(float(query @ item / (query.norm() * item.norm() if normalize else 1)))
            hits += scores.index(max(scores)) == mine
    return 100 * hits / (corruptions * images)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(1, 6), st.booleans(), st.integers(1, 7), st.integers(0, 10**6))
def test_equals_the_slow_loop_for_any_block_size(corruptions, images, normalize, images_at_once, seed):
    u = drawn(corruptions, images, 3, seed=seed)
    v = 0.5 * u + drawn(corruptions, images, 3, seed=seed + 1)
    found = corruption_retrieval(u, v, normalize=normalize, images_at_once=images_at_once)
    assert found["u2v"] == pytest.approx(slow_accuracy(u, v, normalize))
    assert found["v2u"] == pytest.approx(slow_accuracy(v, u, normalize))
    assert found["mean"] == pytest.approx((found["u2v"] + found["v2u"]) / 2)
    assert found["chance"] == pytest.approx(100 / corruptions)


def test_other_images_are_no_candidates():
    """All images alike under one corruption: perfect; the same embeddings would confuse a gallery of all images."""
    u = torch.eye(4).unsqueeze(1).expand(4, 9, 4)
    assert corruption_retrieval(u, u)["mean"] == 100


def test_embeddings_that_ignore_the_corruption_score_nothing():
    u = drawn(1, 50, 17).float().expand(14, 50, 17)
    for normalize in (True, False):
        assert corruption_retrieval(u, u.clone(), normalize=normalize)["mean"] == 0


def test_random_embeddings_score_chance():
    found = corruption_retrieval(drawn(4, 3000, 5), drawn(4, 3000, 5, seed=1))
    assert found["mean"] == pytest.approx(found["chance"], abs=4 * (25 * 75 / 12000) ** 0.5)


def test_wrong_inputs_raise_one_clear_line():
    u = drawn(3, 4, 2)
    cases = [
        (TypeError, "u is list", lambda: corruption_retrieval([u], u)),
        (ValueError, r"u has shape \[4, 2\]; it must be \[C, N, d\]", lambda: corruption_retrieval(u[0], u[0])),
        (ValueError, r"v has shape \[3, 3, 2\]; it must equal the shape of u", lambda: corruption_retrieval(u, u[:, :3])),
        (ValueError, r"u has shape \[1, 4, 2\]; it must hold C >= 2", lambda: corruption_retrieval(u[:1], u[:1])),
        (ValueError, "v has 24 of 24 values that are NaN", lambda: corruption_retrieval(u, u * torch.nan)),
        (TypeError, "v is torch.float32; it must have the type of u", lambda: corruption_retrieval(u, u.float())),
    ]
    for kind, message, call in cases:
        with pytest.raises(kind, match=message) as error:
            call()
        assert "\n" not in str(error.value)
