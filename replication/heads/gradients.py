"""CLIP's loss of one batch of each of G trainings, and its gradient, written out, as autograd costs more than it saves here.

With unit outputs U, V [B, out] of the two heads, scale s = 1 / temperature and logits S = s U V^T, the loss is the mean of the
cross-entropies of the rows and of the columns, half of eq. (1). With P, Q the softmax of S along its rows and its columns,
dL/dS = (P + Q - 2I) / 2B. Through u = z / |z| the gradient loses its part along u and is divided by |z|.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from replication.heads.networks import SIDES, StackedHeads

LEAST_NORM = 1e-12  # as `torch.nn.functional.normalize`


@torch.no_grad()
def loss_and_gradients(heads: StackedHeads, left: Tensor, right: Tensor, gradients: StackedHeads) -> Tensor:
    """Return the losses [G] in nats, and write their gradients into `gradients`, whose every entry is replaced.

    Args:
        heads: of G trainings.
        left, right: features of a batch for each training, [G, B, d1] and [G, B, d2].
        gradients: as `heads.empty_like()` makes it.
    """
    passes = {side: _forward(heads, side, x) for side, x in zip(SIDES, (left, right), strict=True)}
    (u, u_norms, _), (v, v_norms, _) = passes["left"], passes["right"]
    scale = heads.weights["log scale"].exp()
    logits = torch.bmm(u, v.mT) * scale  # [G, B, B]
    size = logits.shape[1]
    right_answers = logits.diagonal(dim1=1, dim2=2)
    loss = 0.5 * (logits.logsumexp(dim=2) + logits.logsumexp(dim=1) - 2 * right_answers).mean(dim=1)
    towards = logits.softmax(dim=2).add_(logits.softmax(dim=1))
    towards.diagonal(dim1=1, dim2=2).sub_(2)
    towards /= 2 * size
    gradients.weights["log scale"].copy_((towards * logits).sum(dim=(1, 2), keepdim=True))
    towards *= scale
    _backward(heads, "left", passes["left"], _through_norm(torch.bmm(towards, v), u, u_norms), gradients)
    _backward(heads, "right", passes["right"], _through_norm(torch.bmm(towards.mT, u), v, v_norms), gradients)
    return loss


def _forward(heads: StackedHeads, side: str, x: Tensor) -> tuple[Tensor, Tensor, list[tuple[Tensor, Tensor | None]]]:
    """Return the unit outputs of a side, their norms before, and for each layer its input and what came before the GELU."""
    layers, before = [], None
    for layer in range(heads.layers):
        layers.append((x, before))
        z = torch.baddbmm(heads.weights[f"{side}.{layer} bias"], x, heads.weights[f"{side}.{layer}"])
        if layer + 1 < heads.layers:
            before, x = z, F.gelu(z)
    norms = z.norm(dim=2, keepdim=True).clamp_(min=LEAST_NORM)
    return z / norms, norms, layers


def _through_norm(gradient: Tensor, unit: Tensor, norms: Tensor) -> Tensor:
    return (gradient - (gradient * unit).sum(dim=2, keepdim=True) * unit) / norms


def _backward(heads: StackedHeads, side: str, passed: tuple, gradient: Tensor, gradients: StackedHeads) -> None:
    """Write the gradients of a side's weights, from the gradient [G, B, out] of its outputs before they were normalised."""
    layers = passed[2]
    for layer in reversed(range(len(layers))):
        x, before = layers[layer]
        torch.bmm(x.mT, gradient, out=gradients.weights[f"{side}.{layer}"])
        torch.sum(gradient, dim=1, keepdim=True, out=gradients.weights[f"{side}.{layer} bias"])
        if layer:  # frozen features need none
            gradient = torch.ops.aten.gelu_backward(torch.bmm(gradient, heads.weights[f"{side}.{layer}"].mT), before)
