"""The gradient of the contrastive loss of batches, by embeddings and by a linear encoder, and with a snapshot's correction.

A snapshot holds the embeddings of all N samples, which planning computes anyway. Its slopes are the gradient of a loss by its
embeddings; those of the whole set are known once, those of any batch cost a few products. Two corrections use them, both in
the manner of SVRG:

- "embeddings": the slopes at the present embeddings of a batch, less those of the snapshot on the same batch, plus those of
  the snapshot's full-batch loss at its samples, N/B times. It needs no gradient of the snapshot's encoder.
- "gradients": the gradient of the batch, less the snapshot's on the batch, plus the snapshot's full-batch gradient. It needs
  the old encoder: a backward pass over the whole set a snapshot, and one more over each batch.
"""

from dataclasses import dataclass
from functools import cached_property

from torch import LongTensor, Tensor

from replication.experiments.neighbours.linear_encoder import encode, pullback

CORRECTIONS = ("none", "embeddings", "gradients")


def slopes(u: Tensor, v: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the gradients of eq. (1) by the rows of u and v [..., B, d]."""
    logits = u @ v.mT / temperature
    weights = (logits.softmax(dim=-1) + logits.softmax(dim=-2)) / (temperature * u.shape[-2])
    weights.diagonal(dim1=-2, dim2=-1).sub_(2 / (temperature * u.shape[-2]))
    return weights @ v, weights.mT @ u


def gradient(weights: Tensor, x: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return the gradient of eq. (1) by W [d, D] for views x, y [..., B, D] of batches: [..., d D]."""
    (u, x_scaled), (v, y_scaled) = encode(weights, x), encode(weights, y)
    by_u, by_v = slopes(u, v, temperature)
    return (pullback(u, x_scaled, by_u) + pullback(v, y_scaled, by_v)).flatten(-2)


@dataclass(frozen=True)
class Snapshot:
    """One pair of views x, y [N, D] of all samples, as W [d, D] embeds them."""

    weights: Tensor
    x: Tensor
    y: Tensor
    temperature: float

    @cached_property
    def embeddings(self) -> tuple[Tensor, Tensor]:
        """The embeddings u, v [N, d]: what batches are planned on."""
        return encode(self.weights, self.x)[0], encode(self.weights, self.y)[0]

    @cached_property
    def full_slopes(self) -> tuple[Tensor, Tensor]:
        """The gradients of the full-batch loss by u and v, [N, d] each."""
        return slopes(*self.embeddings, self.temperature)

    @cached_property
    def full_gradient(self) -> Tensor:
        """The gradient of the full-batch loss by W, [d D]."""
        return gradient(self.weights, self.x, self.y, self.temperature)

    def corrected(self, weights: Tensor, batch: LongTensor, x: Tensor, y: Tensor, correction: str) -> Tensor:
        """Return the gradient [..., d D] by W [d, D] of fresh views x, y [..., B, D] of a batch [B], with a correction."""
        if correction == "none":
            return gradient(weights, x, y, self.temperature)
        if correction == "gradients":
            old = gradient(self.weights, self.x[batch], self.y[batch], self.temperature)
            return gradient(weights, x, y, self.temperature) - old + self.full_gradient
        (u, x_scaled), (v, y_scaled) = encode(weights, x), encode(weights, y)
        share = len(self.x) / len(batch)
        now, old = slopes(u, v, self.temperature), slopes(*(rows[batch] for rows in self.embeddings), self.temperature)
        by_u, by_v = (new - past + share * full[batch] for new, past, full in zip(now, old, self.full_slopes, strict=True))
        return (pullback(u, x_scaled, by_u) + pullback(v, y_scaled, by_v)).flatten(-2)


def two_parts(gradients: Tensor) -> tuple[float, float]:
    """Return (E Var(g|B), Var E(g|B)), summed over the entries, from gradients [batches, draws, P].

    The second is the variance of the batches' means less what the draws add to it, so that both are unbiased for independent
    batches; noise can make it negative.
    """
    draws = gradients.shape[1]
    within = float(gradients.var(dim=1).sum(dim=-1).mean())
    return within, float(gradients.mean(dim=1).var(dim=0).sum()) - within / draws


def off_target(means: Tensor, target: Tensor) -> float:
    """Return |E g - target|^2 from independent means [plans, P] of g, less what the noise of their mean adds to it."""
    noise = float(means.var(dim=0).sum()) / len(means)
    return float((means.mean(dim=0) - target).square().sum()) - noise
