"""Features in memory: which captions belong to which item, and what is refused."""

from dataclasses import replace

import pytest
import torch
from small_heads import small_features

from replication.features import PairFeatures

FEATURES = small_features(items=7)


def test_captions_belong_to_their_items():
    assert len(FEATURES) == 7 and FEATURES.views == 2
    assert FEATURES.counts.tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert FEATURES.first_caption.tolist() == [0, 1, 3, 6, 7, 9, 12]
    assert FEATURES.item_of_caption.tolist() == [0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 5, 5, 6]


def test_chosen_items_keep_their_captions():
    named = replace(FEATURES, texts=[f"caption {row}" for row in range(13)])
    part = named.rows(torch.tensor([5, 0, 2]))
    assert torch.equal(part.left, FEATURES.left[:, [5, 0, 2]])
    assert torch.equal(part.right, FEATURES.right[[9, 10, 11, 0, 3, 4, 5]])
    assert part.texts == [f"caption {row}" for row in (9, 10, 11, 0, 3, 4, 5)]
    assert part.counts.tolist() == [3, 1, 3] and part.groups.tolist() == [1, 0, 2]


@pytest.mark.parametrize(("count", "items"), [(0, 7), (3, 3), (9, 7)])
def test_the_first_items(count, items):
    head = FEATURES.head(count)
    assert len(head) == items and torch.equal(head.left, FEATURES.left[:, :items])


def with_nan(x):
    x = x.clone()
    x[..., 3, 1] = float("nan")
    return x


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"left": FEATURES.left.double()}, r"left of small is torch.float64; it must be a float32 tensor \[V, N, d1\]"),
        ({"left": FEATURES.left[0]}, r"left of small has shape \[7, 6\]; it must be \[V, N, d1\], none of them 0"),
        ({"right": FEATURES.right[:0]}, r"right of small has shape \[0, 5\]; it must be \[C, d2\], none of them 0"),
        ({"counts": FEATURES.counts[:6]}, r"counts of small is torch.int64 \[6\]; it must be torch.int64 \[7\], one for each"),
        ({"counts": FEATURES.counts + 1}, "counts of small are 2 or more and 20 in sum; each must be >= 1, and their sum 13"),
        ({"groups": FEATURES.counts.float()}, r"groups of small is torch.float32 \[7\]; it must be torch.int64 \[7\]"),
        ({"texts": ["one"]}, "texts of small are 1; they must be 13, as many as right"),
        ({"left": with_nan(FEATURES.left)}, r"left of small has 2 of 14 rows with NaN or infinity \(first: row 3\)"),
        ({"right": with_nan(FEATURES.right)}, r"right of small has 1 of 13 rows with NaN or infinity \(first: row 3\)"),
    ],
)
def test_what_does_not_fit_is_one_line(changes, message):
    with pytest.raises((TypeError, ValueError), match=message) as error:
        replace(FEATURES, **changes)
    assert "\n" not in str(error.value)


def test_one_view_and_one_caption_are_enough():
    assert len(PairFeatures("one", "test", torch.ones(1, 1, 1), torch.ones(1, 1), torch.tensor([1]))) == 1
