"""The best learning rate of each method, by the mean over seeds."""

import pytest

from replication.heads import TrainedHeads, Training, best_rates


def result(method, seed, lr, value):
    return TrainedHeads(Training(method, seed, lr), validation={"mean R@10": value, "mean R@1": -value})


def test_the_largest_mean_wins_and_of_equal_ones_the_smaller_rate():
    results = [
        result("SGD", seed, lr, value) for lr, values in ((1e-3, (1, 5)), (1e-4, (4, 3))) for seed, value in enumerate(values)
    ]
    results += [result("OSGD", 0, lr, 2.0) for lr in (3e-3, 1e-3)]
    assert best_rates(results) == {"SGD": 1e-4, "OSGD": 1e-3}
    assert best_rates(results, "mean R@1")["SGD"] == 1e-3


def test_rates_must_have_the_same_seeds():
    with pytest.raises(
        ValueError, match=r"the learning rates of 'SGD' must be tried with the same seeds; they were with \{0.001"
    ):
        best_rates([result("SGD", 0, 1e-3, 1.0), result("SGD", 1, 1e-4, 1.0)])
