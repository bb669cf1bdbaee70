import itertools

import pytest

from replication.training.schedule import warmup_cosine


def test_rises_linearly_then_falls_along_half_a_cosine():
    factors = [warmup_cosine(step, 110, 10) for step in range(112)]
    assert factors[:11] == pytest.approx([step / 10 for step in range(11)])
    assert factors[60] == pytest.approx(0.5)
    assert factors[35] == pytest.approx((1 + 0.5**0.5) / 2)
    assert factors[110:] == [0, 0]
    assert all(before > after for before, after in itertools.pairwise(factors[10:111]))


def test_without_warm_up_it_starts_at_the_peak():
    assert warmup_cosine(0, 5, 0) == 1


def test_more_warm_up_than_steps_is_refused():
    with pytest.raises(ValueError, match=r"^warmup_steps=6 must be >= 0 and <= 5 \(total_steps\)$"):
        warmup_cosine(0, 5, 6)
