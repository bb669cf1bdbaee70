"""One small training: equal seeds give equal numbers, and it learns."""

import pytest

pytest.importorskip("datasets")
from replication.experiments.trainers.checks import check_parameters
from replication.experiments.trainers.finetuning import UNTRAINED, fine_tune

SMALL = {
    **{
        "profile": "small",
        "results_dir": "x",
        "captions": "made up",
        "model": "tiny",
        "pairs": 320,
        "test_pairs": 60,
        "epochs": 3,
    },
    **{"batch_size": 32, "lr": 3e-3, "scale": 20.0, "methods": ["SGD", "SwapSearch, k 10"], "margin": 1.0},
    **{"seeds": 1, "first_seed": 0, "rates": []},
}


def test_a_training_learns_and_can_be_repeated():
    before, first, again = (fine_tune(SMALL, method, 0) for method in (UNTRAINED, "SwapSearch, k 10", "SwapSearch, k 10"))
    assert first["R@10"] == again["R@10"] > 1.5 * before["R@10"] and first["seconds"] > 0


def test_each_split_has_pairs_of_its_own():
    test, val = (fine_tune(SMALL, UNTRAINED, 0, split) for split in ("test", "val"))
    assert test["R@10"] != val["R@10"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "bert"}, r"^model='bert' must be one of 'tiny', 'all-MiniLM-L6-v2'$"),
        ({"pairs": 40}, r"^pairs=40 must be >= 64$"),
        ({"methods": ["OSGD"]}, r"^methods=\['OSGD'\] must begin with 'SGD', which the others are compared with$"),
        ({"captions": "digits"}, r"^captions='digits' must be one of 'made up', 'flickr8k'$"),
    ],
)
def test_parameters_that_cannot_work_are_named(change, message):
    assert check_parameters(dict(SMALL)) == SMALL
    with pytest.raises(ValueError, match=message):
        check_parameters(SMALL | change)
