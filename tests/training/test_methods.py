import pytest
import torch

from replication.losses import InfoNCE, NTXent
from replication.selection import ShuffledBatches
from replication.training.methods import METHODS, make_selector


@pytest.mark.parametrize("method", METHODS)
def test_every_method_plans(method):
    points = torch.randn(96, 8, generator=torch.Generator().manual_seed(0))
    plan = make_selector(method, 96, 8, 0.1, k=4, candidates=8).select(points, points, torch.Generator().manual_seed(0))
    assert plan.shape[1] == 8 and len(plan) >= 1


@pytest.mark.parametrize(("method", "loss", "ascending"), [("OSGD", InfoNCE, False), ("OSGD, as released", NTXent, True)])
def test_osgd_ranks_by_the_loss_of_the_paper_and_as_released_by_that_of_simclr_with_the_hardest_last(method, loss, ascending):
    u, v = torch.randn(2, 300, 3, generator=torch.Generator().manual_seed(0))
    plan = make_selector(method, 300, 5, 0.1, candidates=60).select(u, v, torch.Generator().manual_seed(1))
    candidates = ShuffledBatches(5).plan(300, torch.Generator().manual_seed(1))
    losses = torch.stack([loss(0.1)(u[row], v[row]) for row in candidates])
    chosen = losses.argsort(descending=True)[:6]
    assert torch.equal(plan, candidates[chosen.flip(0) if ascending else chosen])


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match=r"^method='best' must be one of 'SGD', "):
        make_selector("best", 96, 8, 0.1)


def test_too_few_samples_to_skip_neighbours_are_refused():
    assert make_selector("neighbours, skip 32", 40, 8, 0.1).skip == 32
    message = r"^method='neighbours, skip 32' needs >= 40 samples \(batch_size=8 and 32 to skip\); there are 39$"
    with pytest.raises(ValueError, match=message):
        make_selector("neighbours, skip 32", 39, 8, 0.1)


def test_k_and_candidates_are_clipped_in_silence(caplog):
    points = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    for method in ("OSGD", "SC", "SwapSearch"):
        make_selector(method, 40, 8, 0.1).select(points, points, torch.Generator().manual_seed(0))
    assert caplog.records == []
