"""What is kept of many losses, and how far a training has come."""

import numpy as np

from replication.experiments.grid.training import KEPT_LOSSES, epochs_done, thinned


def test_few_losses_are_all_kept_and_many_by_evenly_spaced_order_statistics():
    assert thinned([3.0, 1.0, 2.0]) == {"batches": 3, "mean": 2.0, "losses": [1.0, 2.0, 3.0]}
    losses = np.random.default_rng(0).exponential(size=5000)
    kept = thinned(losses.tolist())
    assert kept["batches"] == 5000 and len(kept["losses"]) == KEPT_LOSSES and kept["mean"] == losses.mean()
    shares = [(losses <= loss).mean() for loss in kept["losses"]]
    assert np.allclose(shares, (np.arange(KEPT_LOSSES) + 0.5) / KEPT_LOSSES, atol=1e-3)


def test_how_far_a_training_has_come(tmp_path):
    assert epochs_done(tmp_path) == 0
    for content, done in (('{"epochs": 7}', 7), ("", 0), ("[]", 0), ('{"epochs": null}', 0)):
        (tmp_path / "progress.json").write_text(content, encoding="utf-8")
        assert epochs_done(tmp_path) == done
