import pytest
import torch

from replication.training.methods import METHODS, make_selector


@pytest.mark.parametrize("method", METHODS)
def test_every_method_plans(method):
    points = torch.randn(96, 8, generator=torch.Generator().manual_seed(0))
    plan = make_selector(method, 96, 8, 0.1, k=4, candidates=8).select(points, points, torch.Generator().manual_seed(0))
    assert plan.shape[1] == 8 and len(plan) >= 1


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match=r"^method='best' must be one of 'SGD', "):
        make_selector("best", 96, 8, 0.1)


def test_k_and_candidates_are_clipped_in_silence(caplog):
    points = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    for method in ("OSGD", "SC", "SwapSearch"):
        make_selector(method, 40, 8, 0.1).select(points, points, torch.Generator().manual_seed(0))
    assert caplog.records == []
