"""AdamW as open_clip sets it up."""

import torch
from torch import nn

from replication.clip.settings import Settings


def make_adamw(model: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """Return AdamW over the parameters that learn; the learning rate is set before each update.

    As in open_clip, weight decay is for matrices and kernels alone: not for gains, biases and the logit scale, that is
    parameters of fewer than two dimensions or with "bn", "ln" or "bias" in their names.
    """
    decayed, plain = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            small = parameter.ndim < 2 or any(part in name for part in ("bn", "ln", "bias", "logit_scale"))
            (plain if small else decayed).append(parameter)
    groups = [{"params": plain, "weight_decay": 0.0}, {"params": decayed, "weight_decay": settings.weight_decay}]
    # Fused, as the table of token embeddings makes the update of small models cost as much as their gradients.
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, settings.beta2), eps=settings.eps, fused=True)
