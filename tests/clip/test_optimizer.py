"""AdamW: what decays, what is left out, and its step against the formula."""

import pytest
import torch
from small_finetuning import small_settings
from torch import nn

from replication.clip.models import make_model
from replication.clip.optimizer import make_adamw
from replication.clip.towers import FREEZE, freeze_towers


def groups_of(model, settings):
    """Return the names in each group, by weight decay, one for each time that a parameter occurs."""
    name_of = {id(parameter): name for name, parameter in model.named_parameters()}
    names = {}
    for group in make_adamw(model, settings).param_groups:
        names.setdefault(group["weight_decay"], []).extend(name_of[id(parameter)] for parameter in group["params"])
    return names


def open_clip_rule(model, weight_decay):
    """Return the names that open_clip's training program would put into each group."""

    def exclude(name, parameter):
        return parameter.ndim < 2 or "bn" in name or "ln" in name or "bias" in name or "logit_scale" in name

    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    return {
        0.0: [name for name, parameter in named if exclude(name, parameter)],
        weight_decay: [name for name, parameter in named if not exclude(name, parameter)],
    }


@pytest.mark.parametrize("freeze", FREEZE)
@pytest.mark.parametrize("name", ["digits-tiny", "mobilenetv2-tiny-text"])
def test_groups_are_those_of_open_clip_without_what_is_frozen(name, freeze):
    model = make_model(name)
    freeze_towers(model, freeze)
    found = groups_of(model, small_settings(weight_decay=0.3))
    expected = open_clip_rule(model, 0.3)
    assert {decay: sorted(names) for decay, names in found.items()} == {d: sorted(names) for d, names in expected.items()}
    learning = sorted(name for name, parameter in model.named_parameters() if parameter.requires_grad)
    assert sorted(found[0.0] + found[0.3]) == learning  # each once


def test_matrices_and_kernels_decay_unless_their_names_say_otherwise():
    model = nn.Module()
    shapes = {"matrix": (2, 3), "kernel": (2, 3, 1, 1), "gain": (3,), "logit_scale": (), "frozen": (2, 3)}
    shapes |= {"bn_table": (2, 3), "table_ln": (2, 3), "bias_table": (2, 3), "logit_scales": (2, 3)}
    for name, shape in shapes.items():
        model.register_parameter(name, nn.Parameter(torch.ones(shape)))
    model.frozen.requires_grad_(False)
    found = groups_of(model, small_settings(weight_decay=0.3))
    assert sorted(found[0.3]) == ["kernel", "matrix"]
    assert sorted(found[0.0]) == ["bias_table", "bn_table", "gain", "logit_scale", "logit_scales", "table_ln"]


def adamw(weight, gradients, lr, decay, beta2, eps):
    """Return the weight after AdamW's updates (Loshchilov and Hutter 2019, algorithm 2), with decoupled weight decay."""
    first = second = torch.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        first = 0.9 * first + 0.1 * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        direction = first / (1 - 0.9**step) / ((second / (1 - beta2**step)).sqrt() + eps)
        weight = weight - lr * decay * weight - lr * direction
    return weight


@pytest.mark.parametrize(("beta2", "eps", "decay"), [(0.98, 1e-6, 0.1), (0.999, 1e-8, 0.5), (0.6, 0.3, 0.0)])
def test_steps_follow_the_formula(beta2, eps, decay):
    generator = torch.Generator().manual_seed(0)
    model = nn.Linear(5, 4)
    start = {name: parameter.detach().double() for name, parameter in model.named_parameters()}
    gradients = {name: torch.randn(3, *value.shape, generator=generator) for name, value in start.items()}
    optimizer = make_adamw(model, small_settings(beta2=beta2, eps=eps, weight_decay=decay))
    for step in range(3):
        for group in optimizer.param_groups:
            group["lr"] = 0.02
        for name, parameter in model.named_parameters():
            parameter.grad = gradients[name][step].clone()
        optimizer.step()
    for name, parameter in model.named_parameters():
        mine = decay if name == "weight" else 0.0
        expected = adamw(start[name], gradients[name].double(), 0.02, mine, beta2, eps)
        torch.testing.assert_close(parameter.detach().double(), expected, rtol=1e-5, atol=1e-6)


def test_without_a_learning_rate_nothing_moves():
    """The task sets the rate before each update; one that was forgotten must not train at a default."""
    model = nn.Linear(5, 4)
    before = model.weight.detach().clone()
    optimizer = make_adamw(model, small_settings())
    model.weight.grad = torch.ones(4, 5)
    optimizer.step()
    assert torch.equal(model.weight, before)
