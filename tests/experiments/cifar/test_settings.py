import pytest

from replication.experiments.cifar.settings import Settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "imagenet"}, r"^dataset='imagenet' must be one of 'digits'"),
        ({"method": "best"}, r"^method='best': 'best' is no name \(known: SGD, "),
        ({"objective": "byol"}, r"^objective='byol' must be one of"),
        ({"network": "vit"}, r"^network='vit' must be one of 'resnet18', 'narrow', 'narrow10'$"),
        ({"stem": 64}, r"^stem=64 must be one of 32, 224$"),
        ({"precision": "half"}, r"^precision='half' must be one of"),
        ({"batch_size": 1}, r"^batch_size=1 must be >= 2$"),
        ({"warmup_epochs": 101}, r"^warmup_epochs=101 must be >= 0 and <= 100 \(epochs\)$"),
        ({"temperature": 0}, r"^temperature=0 must be a finite number > 0$"),
        ({"crop_min": 1.5}, r"^crop_min=1\.5 must be <= 1"),
        ({"weight_decay": -1}, r"^weight_decay=-1 must be a finite number >= 0$"),
        ({"momentum": "x"}, r"^momentum='x' must be a number >= 0 and < 1$"),
        (
            {"objective": "simclr, snapshot", "method": "OSGD"},
            r"^method='OSGD' has batches that share samples",
        ),
        ({"images": 20}, r"^images=20 must be 0 \(all\) or >= batch_size=32$"),
    ],
)
def test_wrong_settings_are_one_line_before_anything_runs(changes, message):
    with pytest.raises(ValueError, match=message):
        Settings(**{"dataset": "digits", "method": "SGD"} | changes)


def test_the_defaults_are_the_published_setting():
    s = Settings(dataset="cifar100", method="SC")
    assert (s.batch_size, s.epochs, s.warmup_epochs, s.lr, s.weight_decay, s.temperature) == (32, 100, 10, 0.075, 1e-6, 0.1)
    assert (s.k, s.candidates, s.crop_min) == (40, 1500, 0.08)


def test_names_tell_runs_apart_and_fit_a_folder():
    names = {
        Settings(dataset="digits", method=method, objective=objective, seed=seed).name
        for method in ("SC", "SC (exp)", "SwapSearch, whole set")
        for objective in ("simclr", "sogclr, as released")
        for seed in (0, 1)
    }
    assert len(names) == 12 and all(set(name) <= set("abcdefghijklmnopqrstuvwxyzSCGDOW_-.0123456789") for name in names)


def test_common_settings_are_those_parameters_that_are_settings():
    parameters = {"profile": "x", "methods": ["SGD"], "epochs": 3, "lr": 0.1, "seeds": 3}
    assert Settings.common(parameters) == {"epochs": 3, "lr": 0.1}


def test_switches_are_true_or_false():
    with pytest.raises(TypeError, match=r"^compiled='no' must be true or false$"):
        Settings(dataset="digits", method="SGD", compiled="no")
