"""AdamW on stacked heads: as its arithmetic is entry by entry, every training has an AdamW of its own."""

import torch

from replication.heads.networks import LARGEST_LOG_SCALE, StackedHeads
from replication.heads.settings import HeadSettings
from replication.training.schedule import warmup_cosine


class HeadsOptimizer:
    """torch's AdamW with warm-up, cosine and CLIP's limit of the temperature, for trainings of one peak learning rate.

    Args:
        heads: what it updates, in place.
        gradients: from which; see `loss_and_gradients`.
        settings: give weight decay (of matrices alone), beta2 and eps, and the length of the warm-up.
        lr: peak learning rate.
        steps_per_epoch: updates of an epoch.
    """

    def __init__(self, heads: StackedHeads, gradients: StackedHeads, settings: HeadSettings, lr: float, steps_per_epoch: int):
        self.heads, self.lr, self.step_number = heads, lr, 0
        self.total = settings.epochs * steps_per_epoch
        self.warmup = round(settings.warmup_epochs * steps_per_epoch)
        decayed, plain = [], []
        for name, value in heads.weights.items():
            parameter = torch.nn.Parameter(value)  # shares the memory
            parameter.grad = gradients.weights[name]
            (plain if "bias" in name or name == "log scale" else decayed).append(parameter)
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        # Fused: one pass over memory, which is what an update of heads costs.
        self.adamw = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, settings.beta2), eps=settings.eps, fused=True)

    @torch.no_grad()
    def step(self) -> None:
        """Update the heads of all trainings."""
        for group in self.adamw.param_groups:
            group["lr"] = self.lr * warmup_cosine(self.step_number, self.total, self.warmup)
        self.adamw.step()
        self.heads.weights["log scale"].clamp_(0, LARGEST_LOG_SCALE)
        self.step_number += 1
