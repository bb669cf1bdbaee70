"""Gradient descent on free embeddings, for many seeds at once as one batched tensor program.

The gradient of the loss is written out, so that no autograd graph is built: with the Gram matrix G = U V^T of the pairs and
P, Q the softmax of a batch's block of G along its rows and its columns, dL/dG = (P + Q - 2I) / B on that block.
"""

from dataclasses import dataclass

import torch
from torch import LongTensor, Tensor

from replication.validation import check_choice, check_count, check_positive

PARAMETRIZATIONS = ("free", "sphere")


@dataclass
class Embeddings:
    """N pairs of vectors for each of S seeds, stacked as x [2, S, N, d] (float64): x[0] / |x[0]| is U, x[1] / |x[1]| is V.

    Attributes:
        parametrization: "free": the vectors have any length and the loss sees their directions, as in the released code;
            a step of size lr then turns a vector by lr / |x|, and |x| grows. "sphere": vectors are scaled back to norm 1
            after every step (projected gradient descent).
    """

    x: Tensor
    parametrization: str = "free"

    @classmethod
    def random(cls, n: int, d: int, seeds: int, parametrization: str = "free") -> "Embeddings":
        """Draw Gaussian vectors; seed s always gives the same points, however many seeds there are.

        Raises:
            ValueError: n < 2, d < 1, seeds < 1 or an unknown parametrization.
        """
        check_count("n", n, 2)
        check_count("d", d, 1)
        check_count("seeds", seeds, 1)
        check_choice("parametrization", parametrization, PARAMETRIZATIONS)
        draws = [
            torch.randn(2, n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) for seed in range(seeds)
        ]
        x = torch.stack(draws, dim=1)
        return cls(x / x.norm(dim=-1, keepdim=True) if parametrization == "sphere" else x, parametrization)

    def clone(self) -> "Embeddings":
        """Return an independent copy."""
        return Embeddings(self.x.clone(), self.parametrization)

    def directions(self) -> Tensor:
        """Return the unit vectors [2, S, N, d]."""
        return self.x / self.x.norm(dim=-1, keepdim=True)

    def gram(self) -> Tensor:
        """Return the Gram matrices G = U V^T [S, N, N]."""
        u, v = self.directions()
        return u @ v.mT

    def step(self, blocks: LongTensor, lr: float) -> Tensor:
        """Take one gradient step on the mean loss over a family of batches, for every seed.

        Args:
            blocks: `gram_blocks` of the family: [M, B, B], or [S, M, B, B] where the seeds have different batches.
            lr: step size, > 0.

        Returns:
            The norm of the gradient at each seed before the step, [S].
        """
        lengths = self.x.norm(dim=-1, keepdim=True)
        unit = self.x / lengths
        u, v = unit
        weights = gram_gradient(u @ v.mT, blocks)
        gradient = torch.stack([weights @ v, weights.mT @ u])
        # Only the part tangential to the sphere changes a direction; the chain rule through x / |x| divides by |x|.
        gradient -= (gradient * unit).sum(dim=-1, keepdim=True) * unit
        gradient /= lengths
        self.x = self.x - lr * gradient
        if self.parametrization == "sphere":
            self.x = self.directions()
        return gradient.square().sum(dim=(0, 2, 3)).sqrt()


def gram_blocks(batches: LongTensor, n: int) -> LongTensor:
    """Return where the pairs of each batch [..., B] stand in a flattened N x N Gram matrix: [..., B, B]."""
    return batches.unsqueeze(-1) * n + batches.unsqueeze(-2)


def gram_gradient(gram: Tensor, blocks: LongTensor) -> Tensor:
    """Return dL/dG [S, N, N] of the mean contrastive loss over a family of batches, at Gram matrices [S, N, N].

    Args:
        gram: Gram matrices of S configurations; the temperature is 1.
        blocks: `gram_blocks` of the family, [M, B, B] or [S, M, B, B].
    """
    seeds = len(gram)
    blocks = blocks.expand(seeds, *blocks.shape[-3:])
    count, size = blocks.shape[1:3]
    index = blocks.reshape(seeds, -1)
    logits = gram.reshape(seeds, -1).gather(1, index).view(blocks.shape)
    weights = (logits.softmax(dim=-1) + logits.softmax(dim=-2)).div_(count * size)
    weights.diagonal(dim1=-2, dim2=-1).sub_(2 / (count * size))
    return torch.zeros_like(gram).view(seeds, -1).scatter_add_(1, index, weights.reshape(seeds, -1)).view(gram.shape)


def family_losses(gram: Tensor, blocks: LongTensor) -> Tensor:
    """Return the contrastive loss of every batch of a family [M, B, B] at Gram matrices [S, N, N]: [S, M], in nats."""
    logits = gram.flatten(-2)[:, blocks]
    per_pair = logits.logsumexp(dim=-1) + logits.logsumexp(dim=-2) - 2 * logits.diagonal(dim1=-2, dim2=-1)
    return per_pair.mean(dim=-1)


def descend(
    embeddings: Embeddings, batches: LongTensor, lr: float, max_steps: int, tolerance: float, check_every: int = 100
) -> tuple[Embeddings, int, Tensor]:
    """Run gradient descent on the mean loss over one fixed family of batches [M, B] until it stands still.

    Args:
        embeddings: the start; not changed.
        lr: step size, > 0.
        max_steps: stop after so many steps in any case.
        tolerance: stop when the largest gradient norm over the seeds is at most this (looked at every `check_every` steps).

    Returns:
        The end, the number of steps taken, and the gradient norms before the last of them, [S].

    Raises:
        ValueError: `lr` is not above 0, or `max_steps` below 1.
    """
    check_positive("lr", lr)
    check_count("max_steps", max_steps, 1)
    embeddings = embeddings.clone()
    blocks = gram_blocks(batches, embeddings.x.shape[2])
    for step in range(1, max_steps + 1):
        norm = embeddings.step(blocks, lr)
        if step % check_every == 0 and norm.max() <= tolerance:
            break
    return embeddings, step, norm
