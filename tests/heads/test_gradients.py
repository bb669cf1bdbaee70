"""The gradient that is written out against autograd through plain modules."""

import pytest
import torch
from single_heads import SingleHeads
from small_heads import small_settings

from replication.heads.gradients import loss_and_gradients
from replication.heads.networks import StackedHeads


@pytest.mark.parametrize("kind", ["linear", "mlp"])
@pytest.mark.parametrize("temperature", [0.5, 0.01])
def test_loss_and_gradients_are_those_of_autograd(kind, temperature):
    settings = small_settings(kind=kind, start_temperature=temperature)
    heads, generator = StackedHeads.random(settings, 6, 5, [0, 1, 2]), torch.Generator().manual_seed(0)
    left, right = (torch.randn(3, 8, d, generator=generator) for d in (6, 5))
    gradients = heads.empty_like()
    for value in gradients.weights.values():
        value.fill_(float("nan"))  # every entry must be replaced
    losses = loss_and_gradients(heads, left, right, gradients)
    for place in range(3):
        model = SingleHeads(heads[place])
        loss = model.loss(left[place], right[place])
        loss.backward()
        assert losses[place].item() == pytest.approx(loss.item(), rel=1e-5)
        for parameter in model.parameters():
            parameter.data = parameter.grad
        for name, value in model.stacked().items():
            torch.testing.assert_close(gradients.weights[name][place], value, rtol=1e-4, atol=2e-6 / temperature)


def test_a_guess_costs_ln_b():
    heads = StackedHeads.random(small_settings(), 6, 5, [0])
    left, right = torch.ones(1, 8, 6), torch.ones(1, 8, 5)
    assert loss_and_gradients(heads, left, right, heads.empty_like()).item() == pytest.approx(torch.tensor(8.0).log().item())
