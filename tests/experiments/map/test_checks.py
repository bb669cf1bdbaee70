"""Each parameter of 07_map that cannot work is named in one line, before any training."""

import pytest
from small_map import PARAMETERS, small_design

from replication.experiments.map.checks import check_parameters, design_of, kind_of, towers_of


def test_good_parameters_pass_and_describe_the_map():
    assert check_parameters(PARAMETERS) is PARAMETERS
    assert design_of(PARAMETERS) == small_design(settings=design_of(PARAMETERS).settings)
    assert towers_of(PARAMETERS).size == 112


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first_seed": 0}, "first_seed=0 must be >= tuning_seeds=1"),
        ({"longer": 1.0}, "longer=1.0 must be > 1"),
        ({"epochs": [2]}, "epochs=.*as many as batch_sizes"),
        ({"batch_sizes": [4, 4]}, "batch_sizes"),
        ({"batch_sizes": [1, 4]}, "batch_sizes"),
        ({"methods": ["SwapSearch"]}, "must contain 'SGD'"),
        ({"methods": ["SGD", "SwapSerch"]}, "did you mean 'SwapSearch'"),
        ({"left_out": ["SC from 8"]}, "left_out: 'SC from 8' must be"),
        ({"left_out": ["SwapSearch, k 2"]}, "left_out: 'SwapSearch, k 2' must be"),
        ({"left_out": "SC from 8"}, "left_out='SC from 8' must be a list"),
        ({"left_out": ["SGD from 8"]}, "other than SGD"),
        ({"rates": []}, "rates"),
        ({"rates": [1e-3, 0.001]}, "rates"),
        ({"rates": [-1.0]}, "rates"),
        ({"heads": "deep"}, "heads='deep'"),
        ({"margin": 0}, "margin=0"),
        ({"seeds": 0}, "seeds=0"),
        ({"size": 4}, "size=4"),
        ({"items": -1}, "items=-1"),
    ],
)
def test_bad_parameters_are_named(changes, message):
    with pytest.raises((TypeError, ValueError), match=message):
        check_parameters(PARAMETERS | changes)


def test_a_map_to_fit_the_rule_on_must_exist():
    with pytest.raises(FileNotFoundError, match="rule_from='results/nowhere' must be the folder"):
        check_parameters(PARAMETERS | {"rule_from": "results/nowhere"})


def test_full_training_to_compare_with_must_exist():
    with pytest.raises(FileNotFoundError, match="full_training='results/map' must be the folder of results of 06_clip"):
        check_parameters(PARAMETERS | {"full_training": "results/map"})


def test_kinds_of_pairs():
    kinds = [kind_of(source) for source in ("digits", "flickr8k", "flickr8k text", "cifar100 views", "my.npz")]
    assert kinds == ["digits", "captions", "texts", "views", "captions"]
