"""Centred and scaled features: by the training split, and of any size to begin with."""

from dataclasses import replace

import torch
from small_heads import small_splits

from replication.features.scaling import centre_and_scale


def test_the_training_split_decides():
    train, val = small_splits()[:2]
    first, second = centre_and_scale(train, val)
    for x in (first.left.reshape(-1, 6), first.right):
        torch.testing.assert_close(x.mean(dim=0), torch.zeros(x.shape[1]), rtol=0, atol=1e-5)
        assert abs(x.square().mean() - 1) < 1e-4 and not torch.allclose(x.std(dim=0), torch.ones(x.shape[1]), atol=1e-2)
    x = train.right
    torch.testing.assert_close(second.right, (val.right - x.mean(dim=0)) / (x - x.mean(dim=0)).square().mean().sqrt())


def test_size_and_offset_do_not_matter():
    train, val = small_splits()[:2]
    moved = [replace(part, left=100 * part.left + 7, right=1e-3 * part.right - 2) for part in (train, val)]
    for one, other in zip(centre_and_scale(train, val), centre_and_scale(*moved), strict=True):
        torch.testing.assert_close(one.left, other.left, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(one.right, other.right, rtol=1e-2, atol=1e-2)


def test_equal_features_become_zero():
    train = small_splits()[0]
    (found,) = centre_and_scale(replace(train, left=torch.ones_like(train.left)))
    assert not found.left.any()
