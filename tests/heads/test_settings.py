"""Settings of heads: what cannot work is one line, before any work."""

import pytest

from replication.heads import HeadSettings, Training


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "deep"}, "kind='deep' must be one of 'linear', 'mlp'"),
        ({"stop_by": "R@1"}, "stop_by='R@1' must be one of 'mean R@1'"),
        ({"batch_size": 1}, "batch_size=1 must be >= 2"),
        ({"epochs": 2.5}, "epochs=2.5 must be an integer"),
        ({"warmup_epochs": 11}, "warmup_epochs=11 must be <= epochs=10"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1 must be a finite number >= 0"),
        ({"temperature": float("nan")}, "temperature=nan must be a finite number >= 0"),
        ({"beta2": 1.0}, "beta2=1.0 must be a number >= 0 and < 1"),
        ({"start_temperature": 0.001}, "start_temperature=0.001 must be >= 0.01 and <= 1"),
        ({"eps": 0}, "eps=0 must be a finite number > 0"),
    ],
)
def test_settings_that_cannot_work(changes, message):
    with pytest.raises((ValueError, TypeError), match=message):
        HeadSettings(**changes)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (("Swapsearch", 0, 1e-3), "'Swapsearch' is no name; did you mean 'SwapSearch'?"),
        (("SGD", -1, 1e-3), "seed=-1 must be >= 0"),
        (("SGD", 0, 0.0), "lr=0.0 must be a finite number > 0"),
    ],
)
def test_trainings_that_cannot_work(values, message):
    with pytest.raises(ValueError, match=message):
        Training(*values)


def test_a_training_is_named_as_tables_show_it():
    assert Training("SwapSearch,  k 5", 1, 1e-3) == Training("SwapSearch, k 5", 1, 1e-3)
    assert HeadSettings().plain()["batch_size"] == 32
