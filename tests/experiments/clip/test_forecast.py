"""The forecast of an epoch: updates for all, a feature pass for those that choose by features."""

from small_finetuning import small_task

from replication.experiments.clip import forecast


def test_only_methods_that_look_at_features_pay_for_them(monkeypatch):
    task = small_task()
    monkeypatch.setattr(forecast, "seconds_of_updates", lambda task, *rest: 2.0)
    monkeypatch.setattr(forecast, "least_seconds", lambda function, device: (function() and None) or 0.5)
    found = forecast.seconds_of_epochs(task, ["SGD", "SC"])
    assert found == {"SGD": 2.0 * 5, "SC": 2.0 * 5 + 0.5}  # 80 pairs: five batches, and one block of features
