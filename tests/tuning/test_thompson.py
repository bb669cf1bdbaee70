"""Thompson sampling: picks follow the probability of being largest, and differ within a batch."""

import pytest
import torch

from replication.tuning import thompson


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_candidate_is_picked_as_often_as_it_is_the_largest():
    """Two independent candidates, sigma 1: the first is larger with probability Phi(0.5 / sqrt(2))."""
    mean, covariance = torch.tensor([0.5, 0.0], dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    draw = generator()
    share = sum(int(thompson(mean, covariance, 1, 0.0, draw)) == 0 for _ in range(800)) / 800
    expected = torch.distributions.Normal(0, 1).cdf(torch.tensor(0.5 / 2**0.5)).item()
    assert abs(share - expected) < 4 * (expected * (1 - expected) / 800) ** 0.5


def test_without_doubt_the_largest_is_picked_then_the_next():
    mean, covariance = torch.tensor([0.0, 3.0, 1.0, 2.0], dtype=torch.float64), 1e-12 * torch.eye(4, dtype=torch.float64)
    assert thompson(mean, covariance, 4, 0.0, generator()).tolist() == [1, 3, 2, 0]


def test_the_picks_of_a_batch_are_distinct():
    picks = thompson(torch.zeros(9, dtype=torch.float64), torch.ones(9, 9, dtype=torch.float64), 9, 0.0, generator())
    assert sorted(picks.tolist()) == list(range(9))


def test_bad_input_is_one_clear_line():
    zero = torch.zeros(2, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"^sigma is zero at all 2 candidates"):
        thompson(zero, zero.diag(), 1, 0.0, generator())
    with pytest.raises(ValueError, match=r"^count=3 must be >= 1 and <= 2 \(the number of candidates\)$"):
        thompson(zero, torch.eye(2, dtype=torch.float64), 3, 0.0, generator())
