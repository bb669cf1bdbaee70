"""One training of heads in plain PyTorch, one module and one optimiser: what the batched program must equal."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from replication.heads.networks import StackedHeads
from replication.training.schedule import warmup_cosine


class SingleHeads(nn.Module):
    """Two heads and a log scale as modules, with the initial weights of one training of a stack."""

    def __init__(self, stacked: StackedHeads):
        super().__init__()
        weights = {name: value[0].clone() for name, value in stacked.weights.items()}
        sides = {}
        for side in ("left", "right"):
            layers = []
            for layer in range(stacked.layers):
                linear = nn.Linear(*weights[f"{side}.{layer}"].shape)
                linear.weight.data, linear.bias.data = weights[f"{side}.{layer}"].T.clone(), weights[f"{side}.{layer} bias"][0]
                layers += [linear, nn.GELU()]
            sides[side] = nn.Sequential(*layers[:-1])
        self.left, self.right = sides["left"], sides["right"]
        self.log_scale = nn.Parameter(weights["log scale"].flatten()[0])

    def embed(self, left, right):
        return F.normalize(self.left(left), dim=1), F.normalize(self.right(right), dim=1)

    def loss(self, left, right):
        """open_clip's loss: the mean of the two cross-entropies."""
        u, v = self.embed(left, right)
        logits = self.log_scale.exp() * u @ v.T
        target = torch.arange(len(u))
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2

    def stacked(self):
        """Return the weights by the names of `StackedHeads`, without the first dimension."""
        found = {"log scale": self.log_scale.detach().view(1, 1)}
        for side in ("left", "right"):
            for layer, linear in enumerate(x for x in getattr(self, side) if isinstance(x, nn.Linear)):
                found[f"{side}.{layer}"], found[f"{side}.{layer} bias"] = linear.weight.detach().T, linear.bias.detach()[None]
        return found


def train_single(model, batches, settings, lr, total, warmup):
    """Make one update for each (left, right) of `batches`, with torch's AdamW as it comes, and return the losses."""
    matrices = [p for p in model.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, settings.beta2), eps=settings.eps)
    losses = []
    for step, (left, right) in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = lr * warmup_cosine(step, total, warmup)
        optimizer.zero_grad()
        loss = model.loss(left, right)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model.log_scale.clamp_(0, math.log(100))
        losses.append(loss.item())
    return losses
