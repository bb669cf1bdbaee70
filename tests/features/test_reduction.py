"""Principal components of features: those of scikit-learn, for all splits alike."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from small_heads import small_splits

from replication.features.reduction import reduce_dimensions


def test_components_are_those_of_the_training_split():
    train, val, test = small_splits()
    found = reduce_dimensions(train, val, test, left=3)
    expected = PCA(3).fit(train.left.reshape(-1, 6).numpy())
    for before, after in zip((train, val, test), found, strict=True):
        wanted = expected.transform(before.left.reshape(-1, 6).numpy()).reshape(before.views, -1, 3)
        assert np.allclose(np.abs(after.left.numpy()), np.abs(wanted), atol=1e-4)  # signs are free
        assert torch.equal(after.right, before.right) and torch.equal(after.counts, before.counts)


def test_all_components_only_turn_the_features():
    train, val = small_splits()[:2]
    _, turned = reduce_dimensions(train, val, left=6, right=5)
    for before, after in ((val.left[0], turned.left[0]), (val.right, turned.right)):
        one, other = (torch.cdist(x.double(), x.double()) for x in (after, before))
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_more_than_there_are():
    with pytest.raises(ValueError, match=r"right=6 must be >= 0 and <= 5 \(dimensions of small\)"):
        reduce_dimensions(*small_splits(), right=6)
