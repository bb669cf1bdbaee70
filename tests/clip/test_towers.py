"""What learns and what does not, for each way of freezing, in several families of towers."""

import math

import open_clip
import pytest
import torch
from small_finetuning import small_task
from torch import nn

from replication.clip.models import make_model
from replication.clip.towers import FREEZE, freeze_towers, learned_temperature, train_mode

TEXT = {"context_length": 8, "vocab_size": 50, "width": 16, "heads": 2, "layers": 1}


def small_resnet():
    vision = {"layers": [1, 1, 1, 1], "width": 8, "image_size": 32, "head_width": 64}
    return open_clip.CLIP(16, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**TEXT))


def small_custom_text():
    vision = {"layers": 1, "width": 16, "head_width": 8, "image_size": 16, "patch_size": 8}
    return open_clip.CustomTextCLIP(16, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**TEXT))


# How to make a model, and its projections: where they are was looked up in the printed models.
MODELS = {
    "digits-tiny": (lambda: make_model("digits-tiny"), {"visual.proj", "text_projection"}),
    "mobilenetv2-tiny-text": (
        lambda: make_model("mobilenetv2-tiny-text", size=32),
        {"visual.head.proj.weight", "text_projection"},
    ),
    "ResNet": (small_resnet, {"visual.attnpool.c_proj.weight", "visual.attnpool.c_proj.bias", "text_projection"}),
    "custom text": (small_custom_text, {"visual.proj", "text.text_projection"}),
}


def learning(model):
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("name", MODELS)
def test_what_takes_gradients(name):
    make, projections = MODELS[name]
    model = make()
    every = {name for name, _ in model.named_parameters()}
    image = {name for name in every if name.startswith("visual.")}
    text = every - image - {"logit_scale"}
    unlocked = {"visual.head.proj.weight"} & every  # open_clip locks the trunk of a timm tower only
    expected = {
        "none": every,
        "image": text | unlocked | {"logit_scale"},
        "text": image | {"logit_scale"},
        "all but projections": projections | {"logit_scale"},
    }
    assert projections < every and set(expected) == set(FREEZE)
    for freeze in FREEZE:
        model.requires_grad_(True)
        freeze_towers(model, freeze)
        assert learning(model) == expected[freeze], freeze


@pytest.mark.parametrize("freeze", FREEZE)
def test_an_update_changes_what_learns_and_nothing_else(freeze):
    task = small_task(method="SGD", images=16, freeze=freeze)
    before = {name: value.clone() for name, value in task.network.named_parameters()}
    list(task.steps(torch.arange(16).view(1, 16), 0, 1))
    changed = {name for name, value in task.network.named_parameters() if not torch.equal(value, before[name])}
    given = {name for name, value in task.network.named_parameters() if value.grad is not None}
    assert changed == given == learning(task.network) and "logit_scale" in changed


def test_what_did_not_learn_before_stays_so():
    model = make_model("digits-tiny")
    model.text_projection.requires_grad_(False)
    freeze_towers(model, "all but projections")
    assert learning(model) == {"visual.proj", "logit_scale"}


@pytest.mark.parametrize("name", ["mobilenetv2-tiny-text", "ResNet"])
@pytest.mark.parametrize("freeze", FREEZE)
def test_frozen_batch_normalisation_keeps_its_statistics(name, freeze):
    model = MODELS[name][0]()
    freeze_towers(model, freeze)
    norms = {place: module for place, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)}
    before = {place: (norm.running_mean.clone(), norm.running_var.clone()) for place, norm in norms.items()}
    model.eval()  # what was before does not matter
    train_mode(model)
    images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    tokens = torch.randint(50, (4, model.context_length), generator=torch.Generator().manual_seed(0))
    open_clip.ClipLoss()(*model(images, tokens)).backward()
    kept = {
        place
        for place, norm in norms.items()
        if torch.equal(norm.running_mean, before[place][0]) and torch.equal(norm.running_var, before[place][1])
    }
    frozen = freeze in ("image", "all but projections")
    assert len(norms) > 10 and kept == (set(norms) if frozen else set())
    assert {norm.training for norm in norms.values()} == {not frozen}
    assert model.training


def test_part_of_a_tower_can_be_frozen():
    """Only modules whose parameters are all frozen are: a block with one parameter that learns is in train mode itself."""
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout()), nn.Dropout())
    model[0][1].requires_grad_(False)
    train_mode(model)
    assert [module.training for module in (model, model[0], *model[0], model[1])] == [True, True, True, False, True, True]
    model[0].requires_grad_(False)
    train_mode(model)
    assert not any(module.training for module in model[0])


@pytest.mark.parametrize("temperature", [0.01, 0.07, 1.0])
def test_the_learned_temperature_is_what_the_logits_are_divided_by(temperature):
    model = small_custom_text().eval()
    with torch.no_grad():
        model.logit_scale.fill_(math.log(1 / temperature))
        scale = model(torch.zeros(1, 3, 16, 16), torch.zeros(1, 8, dtype=torch.long))[2]
    found = learned_temperature(model)
    assert isinstance(found, float)
    assert found == pytest.approx(temperature, rel=1e-6) == pytest.approx(1 / scale.item(), rel=1e-6)


class Bare(nn.Module):
    def __init__(self):
        super().__init__()
        self.logit_scale, self.visual = nn.Parameter(torch.zeros(())), nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        ("all but projections", r"^freeze='all but projections' needs a model with projections; Bare has none$"),
        ("towers", r"^freeze='towers' must be one of 'none', 'image', 'text', 'all but projections'$"),
    ],
)
def test_what_cannot_be_frozen_is_one_line_and_changes_nothing(freeze, message):
    model = Bare()
    with pytest.raises(ValueError, match=message):
        freeze_towers(model, freeze)
    assert learning(model) == {"logit_scale", "visual.weight", "visual.bias"}
