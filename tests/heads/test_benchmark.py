"""The benchmark runs; its figures are for a quiet machine."""

from replication.heads import benchmark


def test_it_counts_milliseconds(monkeypatch):
    small = benchmark.random_features(20, 5, (4, 3))
    monkeypatch.setattr(benchmark, "random_features", lambda *sizes: small)
    assert (
        0 < benchmark.milliseconds_per_update(trainings=3, updates=2, repeats=1, batch_size=4, group_size=2, workers=2) < 1000
    )
