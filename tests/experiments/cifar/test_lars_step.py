"""Our step of LARS against timm's, on the same gradients."""

import copy

import pytest
import torch
from small_pretraining import small_settings

from replication.experiments.cifar.lars_step import lars_step, start_momenta
from replication.experiments.cifar.pretraining import make_lars


def small_network():
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Conv2d(4, 5, 1, bias=False), torch.nn.Linear(5, 2)
    network = torch.nn.Sequential(*layers).to(memory_format=torch.channels_last)
    torch.nn.init.zeros_(network[2].weight)  # of norm zero: not scaled
    return network


def pair(**changes):
    """Two equal networks with an optimiser each, the second ready for our step."""
    mine, theirs = small_network(), small_network()
    optimizers = [make_lars(network, small_settings(**changes)) for network in (theirs, mine)]
    return theirs, mine, *optimizers


def give_gradients(networks, generator, zero=()):
    for number, parameters in enumerate(zip(*(network.parameters() for network in networks), strict=True)):
        gradient = torch.zeros_like(parameters[0]) if number in zero else torch.randn(parameters[0].shape, generator=generator)
        for parameter in parameters:
            parameter.grad = gradient.clone()


def step_with_timm(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()


@pytest.mark.parametrize("changes", [{}, {"weight_decay": 0.1}, {"momentum": 0.0, "weight_decay": 0.0}])
def test_steps_are_those_of_timm(changes):
    theirs, mine, reference, optimizer = pair(**changes)
    start_momenta(optimizer)
    generator, addresses = torch.Generator().manual_seed(1), [p.data_ptr() for p in mine.parameters()]
    for step in range(6):
        rate = 0.3 * step / 5
        give_gradients([theirs, mine], generator, zero=(0, 1) if step == 2 else ())
        gradients = [p.grad.clone() for p in mine.parameters()]
        step_with_timm(reference, rate)
        lars_step(optimizer, torch.tensor(rate))
        for expected, found, gradient in zip(theirs.parameters(), mine.parameters(), gradients, strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
            assert torch.equal(found.grad, gradient)
            if optimizer.param_groups[0]["momentum"]:
                momenta = (which.state[p]["momentum_buffer"] for which, p in ((optimizer, found), (reference, expected)))
                torch.testing.assert_close(*momenta, rtol=1e-6, atol=1e-6)
    assert [p.data_ptr() for p in mine.parameters()] == addresses


def test_states_of_both_go_into_each_other():
    theirs, mine, reference, optimizer = pair()
    start_momenta(optimizer)
    generator = torch.Generator().manual_seed(2)
    for _ in range(2):
        give_gradients([theirs, mine], generator)
        step_with_timm(reference, 0.2)
        lars_step(optimizer, torch.tensor(0.2))
    states = [copy.deepcopy(which.state_dict()) for which in (reference, optimizer)]
    assert states[0]["state"].keys() == states[1]["state"].keys()
    reference.load_state_dict(states[1])
    optimizer.load_state_dict(states[0])
    give_gradients([theirs, mine], generator)
    step_with_timm(reference, 0.2)
    lars_step(optimizer, torch.tensor(0.2))
    for expected, found in zip(theirs.parameters(), mine.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)


def test_momenta_that_are_there_are_kept_and_other_options_refused():
    _, mine, _, optimizer = pair()
    kept = torch.ones_like(mine[0].weight)
    optimizer.state[mine[0].weight]["momentum_buffer"] = kept
    start_momenta(optimizer)
    assert optimizer.state[mine[0].weight]["momentum_buffer"] is kept
    assert not optimizer.state[mine[3].bias]["momentum_buffer"].any()
    optimizer.param_groups[1]["nesterov"] = True
    with pytest.raises(ValueError, match=r"^nesterov=True of the optimiser must be 0 or False$"):
        start_momenta(optimizer)
