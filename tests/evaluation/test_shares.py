"""Shares of likely false negatives against loops over all pairs."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from replication.evaluation.shares import STOP_WORDS, duplicate_share, same_class_share
from replication.selection import ShuffledBatches


@settings(max_examples=30, deadline=None)
@given(batch_size=st.integers(2, 6), classes=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_same_class_share_counts_pairs(batch_size, classes, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, (20,), generator=generator)
    plan = ShuffledBatches(batch_size).plan(20, generator)
    pairs = [(i, j) for row in plan.tolist() for i in row for j in row if i < j]
    assert same_class_share(plan, labels) == pytest.approx(np.mean([labels[i].item() == labels[j].item() for i, j in pairs]))


def test_same_class_share_by_hand():
    labels = torch.tensor([0, 0, 1, 1, 1, 2])
    assert same_class_share(torch.tensor([[0, 1, 2], [3, 4, 5]]), labels) == pytest.approx(1 / 3)


def test_near_duplicates_are_counted_in_pairs():
    texts = ["A dog runs!", "the dog runs", "a dog sleeps", "two cats", "", "of the"]
    assert duplicate_share(torch.tensor([[0, 1, 3]]), texts) == pytest.approx(1 / 3)
    assert duplicate_share(torch.tensor([[0, 2]]), texts) == 0  # one word of three
    assert duplicate_share(torch.tensor([[0, 2]]), texts, threshold=1 / 3) == 1
    assert duplicate_share(torch.tensor([[4, 5]]), texts) == 0  # nothing to agree on
    assert duplicate_share(torch.tensor([[0, 3], [1, 2]]), texts) == 0
    assert duplicate_share(torch.tensor([[0], [1]]), texts) == 0  # no pairs


@pytest.mark.parametrize("threshold", [0.2, 0.5, 1.0])
def test_near_duplicates_against_a_loop(threshold):
    generator = np.random.default_rng(0)
    texts = [
        " ".join(generator.choice(["pair", "The", "quick", "RED", "fox", "of", "men"], size=size)) for size in [1, 2, 3, 4] * 10
    ]
    plan = torch.from_numpy(generator.permutation(40)).view(5, 8)
    count = 0
    for row in plan.tolist():
        for i in row:
            for j in row:
                one, two = (set(re.sub(r"\bthe\b|\bof\b", "", texts[k].lower()).split()) for k in (i, j))
                count += i != j and bool(one & two) and len(one & two) / len(one | two) >= threshold
    assert {"the", "of"} <= STOP_WORDS and 0 < count < 5 * 8 * 7
    assert duplicate_share(plan, texts, threshold) == pytest.approx(count / (5 * 8 * 7))


@pytest.mark.parametrize("threshold", [0, -1, 1.5, float("nan")])
def test_a_threshold_that_is_no_share(threshold):
    with pytest.raises(ValueError, match=rf"^threshold={threshold} must be > 0 and <= 1$"):
        duplicate_share(torch.tensor([[0, 1]]), ["a", "b"], threshold)
