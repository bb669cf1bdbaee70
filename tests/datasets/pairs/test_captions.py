"""Which caption is drawn, and whose it is."""

import torch

from replication.datasets.pairs import PairSet, caption_groups, draw_captions


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
