"""Statistics of given batches, by hand, and nothing changed afterwards."""

import pytest
import torch
from torch import nn

from replication.evaluation import learned_norms, recalibrated


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3), nn.BatchNorm1d(3, affine=False))
    made(torch.randn(8, 5))
    return made


def test_statistics_are_the_averages_over_the_batches(network):
    batches = list(torch.randn(6, 8, 5, generator=torch.Generator().manual_seed(1)).unbind())
    inner = [network[0](batch).detach() for batch in batches]
    with recalibrated(network, batches):
        torch.testing.assert_close(network[1].running_mean, torch.stack([x.mean(dim=0) for x in inner]).mean(dim=0))
        torch.testing.assert_close(network[1].running_var, torch.stack([x.var(dim=0) for x in inner]).mean(dim=0))
        assert int(network[4].num_batches_tracked) == len(batches)


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_the_network_is_as_it_was(network, fails):
    network.train()
    network[1].eval()  # as where a part is frozen
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    momenta = [network[1].momentum, network[4].momentum]
    batches = [torch.randn(4, 5), torch.randn(4, 6 if fails else 5)]
    if fails:
        with pytest.raises(RuntimeError), recalibrated(network, batches):
            pytest.fail("the second batch does not fit")
    else:
        with recalibrated(network, batches):
            assert not torch.equal(network[1].running_mean, before["1.running_mean"])
            network.eval()
    assert [network[1].momentum, network[4].momentum] == momenta
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_norms_that_learn(network):
    assert learned_norms(network) == [network[1]]  # the last one has no parameters
    network[1].requires_grad_(False)
    assert learned_norms(network) == []
