"""The network: torchvision's ResNet-18 with another head and, for small images, another stem."""

import pytest
import torch
from torchvision.models import resnet18

from replication.experiments.cifar.network import Encoder, make_encoder


def test_the_published_backbone_computes_what_torchvisions_does():
    ours, theirs = Encoder(stem=224).eval(), resnet18().eval()
    weights = ours.backbone.state_dict()
    theirs.fc = torch.nn.Identity()
    theirs.load_state_dict(weights)
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(ours.backbone(images), theirs(images))


def test_the_head_is_that_of_the_specification():
    head = Encoder().head
    assert [tuple(p.shape) for p in head.parameters()] == [(2048, 512), (2048,), (2048,), (128, 2048)]
    assert not head[-1].affine


def test_residual_branches_start_at_zero():
    for name, parameter in Encoder(width=8).named_parameters():
        if name.endswith("bn2.weight"):
            assert (parameter == 0).all(), name


@pytest.mark.parametrize(
    ("network", "stem", "side"), [("narrow", 32, 16), ("narrow", 224, 8), ("narrow10", 32, 16), ("resnet18", 32, 32)]
)
def test_stems_and_widths(network, stem, side):
    encoder = make_encoder(network, stem, 0)
    seen = []
    encoder.backbone.layer1.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    assert encoder(torch.randn(2, 3, 32, 32)).shape == (2, 128)
    assert seen[0][1:] == (64 if network == "resnet18" else 16, side, side)
    assert encoder.backbone(torch.randn(2, 3, 32, 32)).shape == (2, encoder.features)


@pytest.mark.parametrize(("network", "layers"), [("narrow", 18), ("narrow10", 10), ("resnet18", 18)])
def test_names_count_the_layers_of_the_backbone(network, layers):
    shortcuts = 3  # convolutions of 1 x 1 beside the blocks that halve the image, which no ResNet's name counts
    convolutions = [m for m in make_encoder(network, 32, 0).backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) - shortcuts + 1 == layers  # and the one linear layer that the head takes the place of


def test_a_seed_decides_the_weights_and_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, second, other = (make_encoder("narrow", 32, seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["head.0.weight"], other["head.0.weight"])
