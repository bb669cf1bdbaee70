"""The losses of one small training of heads, pinned to the protocol's number.

Whoever changes the numerics of heads sees this fail: then raise `PROTOCOL` beside the training code, so that trainings on the
disk are not mixed with new ones, and pin the new losses here.
"""

import pytest
from small_heads import small_settings, small_splits

from replication.heads import Training, train_heads
from replication.heads.training import PROTOCOL

PINNED_PROTOCOL = 1
PINNED = [5.498258, 3.495074, 2.481507, 2.081052]  # mean loss of each epoch, nats


def test_the_losses_are_those_of_the_protocol():
    assert PROTOCOL == PINNED_PROTOCOL
    (result,) = train_heads(*small_splits(), small_settings(epochs=4), [Training("SGD", 0, 1e-2)], workers=1)
    assert [epoch["loss"] for epoch in result.curve] == pytest.approx(PINNED, rel=1e-3)
