"""Which learning rate suits shuffled batches: what is tried, on which pairs, and which is the best."""

import pandas as pd
import pytest

pytest.importorskip("datasets")
from replication.experiments.trainers import learning_rates
from replication.experiments.trainers.learning_rates import TUNING_SEEDS, best_rate, try_rates


def test_shuffled_batches_are_tried_on_validation_pairs_with_seeds_of_their_own(monkeypatch):
    asked = []

    def trained(p, method, seed, split):
        asked.append((p["lr"], method, seed, split))
        return {"R@1": 100 * p["lr"] + seed}

    monkeypatch.setattr(learning_rates, "fine_tune", trained)
    found = try_rates({"lr": 5.0, "rates": [0.1, 0.2]})
    assert asked == [(rate, "SGD", seed, "val") for rate in (0.1, 0.2) for seed in TUNING_SEEDS]
    assert found["R@1"].tolist() == [100 * rate + seed for rate in (0.1, 0.2) for seed in TUNING_SEEDS]
    assert best_rate(found, 5.0) == 0.2 and min(TUNING_SEEDS) >= 1000


def test_without_rates_nothing_is_tried():
    tried = try_rates({"rates": []})
    assert tried.empty and best_rate(tried, 3e-3) == 3e-3


def test_of_equal_rates_the_smallest_is_taken():
    tried = pd.DataFrame({"rate": [0.3, 0.3, 0.1, 0.1, 0.2, 0.2], "seed": [0, 1] * 3, "R@1": [50, 52, 51, 51, 40, 50]})
    assert best_rate(tried, 1.0) == 0.1
