"""Which parts of a dual encoder are trained."""

import torch
from torch import nn

from replication.validation import check_choice

FREEZE = ("none", "image", "text", "all but projections")
TOWERS = "towers"  # both, altogether: then two heads learn on features that are computed once; see `frozen_towers`
# The last linear maps into the common space, by the names they have in open_clip's families of towers.
PROJECTIONS = (
    "visual.proj",
    "visual.head.",
    "visual.attnpool.c_proj.",
    "text_projection",
    "text.text_projection",
    "text.proj.",
)


def freeze_towers(model: nn.Module, freeze: str) -> None:
    """Take the gradient from a part of the model, never from the logit scale (which only "clip" lets learn).

    Args:
        model: of open_clip.
        freeze: "none"; "image" and "text": that tower, as open_clip locks it (of a timm tower the projection learns on);
            "all but projections": both towers, except for the last linear maps into the common space.

    Raises:
        ValueError: an unknown choice, or a model without projections.
    """
    check_choice("freeze", freeze, FREEZE)
    if freeze == "image":
        model.lock_image_tower()
    elif freeze == "text":
        model.lock_text_tower()
    elif freeze == "all but projections":
        chosen = [name for name, _ in model.named_parameters() if name.startswith(PROJECTIONS)]
        if not chosen:
            raise ValueError(f"freeze={freeze!r} needs a model with projections; {type(model).__name__} has none")
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and (name in chosen or name == "logit_scale"))


def train_mode(model: nn.Module) -> None:
    """Put the model into train mode, except for frozen parts: their batch normalisation keeps its statistics.

    A part is frozen if none of its parameters takes a gradient.
    """
    model.train()
    for module in model.modules():
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            module.eval()


def learned_temperature(model: nn.Module) -> float:
    """Return the temperature that the model's logit scale stands for, 1 / exp(logit_scale)."""
    with torch.no_grad():
        return float((-model.logit_scale.double()).exp())
