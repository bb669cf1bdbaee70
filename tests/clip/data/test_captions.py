"""Which caption is drawn, whose it is, and near-duplicates against a loop over all pairs."""

import re

import numpy as np
import pytest
import torch

from replication.clip.data import PairSet, caption_groups, draw_captions, duplicate_share
from replication.clip.data.captions import STOP_WORDS


def pairs_of(*captions):
    return PairSet("x", torch.zeros(len(captions), 3, 8, 8, dtype=torch.uint8), [list(texts) for texts in captions])


def test_each_caption_of_an_image_is_drawn_equally_often():
    pairs = pairs_of(*[["a", "b", "c"]] * 2000, ["only"])
    drawn = draw_captions(pairs, 0, 0)
    assert drawn[-1] == 0 and ((drawn[:-1].bincount() - 2000 / 3).abs() < 100).all()
    assert torch.equal(drawn, draw_captions(pairs, 0, 0))
    assert not torch.equal(drawn, draw_captions(pairs, 0, 1)) and not torch.equal(drawn, draw_captions(pairs, 1, 0))


def test_groups_name_the_image_of_each_caption():
    texts, groups = caption_groups(pairs_of(["a", "b"], ["c"], ["d", "e", "f"]))
    assert texts == list("abcdef") and groups.tolist() == [0, 0, 1, 2, 2, 2] and groups.dtype == torch.int64


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
