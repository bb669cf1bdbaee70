"""Hardness as a weight instead of a choice: the global contrastive loss with the worst weights of the anchors.

A linear encoder W [d, D] faces frozen embeddings v_j [d] of the other view, s_ij = (W x_i) . v_j, as in fine-tuning against a
frozen tower. With N anchors,

    g_i(W) = mean over j != i of exp(s_ij - s_ii)
    f(g, p) = sum_i p_i log g_i - (nu / 2) N sum_i (p_i - 1/N)^2

the problem is min over W, max over p in the simplex, of f + (ridge / 2) |W|^2. For nu -> infinity the weights are equal, the
global contrastive loss of SogCLR in one direction; for nu -> 0 only the worst anchor counts. OSGD weighs whole batches in the
same spirit. The loss is convex in W, so it has one optimum, which a search finds.

A mini-batch sees g only through J candidates. Its plain estimate of g_i is unbiased, that of log g_i is not: too low. Any
weights found from it favour anchors that were drawn badly.

The gradient of g_i by W is a_i x_i^T, with a_i the mean of exp(s_ij - s_ii) (v_j - v_i). So NSTORM's memory of Jacobians is d
numbers for each anchor here; for an encoder in general it is as many as there are weights.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.optimize import minimize
from torch import LongTensor, Tensor

from replication.experiments.neighbours.storm import project_on_simplex

LEAST = 1e-4  # estimates of g_i below it count as it: those of NSTORM can become negative


@dataclass(frozen=True)
class WorstCaseAnchors:
    """The problem for R runs side by side: inputs x [R, N, D], frozen embeddings v [R, N, d], nu > 0, ridge >= 0."""

    x: Tensor
    v: Tensor
    nu: float
    ridge: float

    @property
    def count(self) -> int:
        """N."""
        return self.x.shape[1]

    @cached_property
    def reach(self) -> Tensor:
        """The largest |v_j - v_i| of each anchor i, [R, N]."""
        return torch.cdist(self.v, self.v).amax(dim=-1)

    def inner(self, weights: Tensor, candidates: LongTensor | None = None) -> tuple[Tensor, Tensor]:
        """Return estimates of g [R, N] and of a [R, N, d] at W [R, d, D], from candidates [R, J] for all anchors.

        Both are unbiased for candidates drawn uniformly without replacement: a drawn j = i counts nothing, which the factor
        N / (N - 1) makes up for. None: all candidates, the exact values.
        """
        count = self.count
        if candidates is None:
            candidates = torch.arange(count).expand(len(weights), count)
        others = self.v[torch.arange(len(weights))[:, None], candidates]  # [R, J, d]
        outputs = self.x @ weights.mT
        scores = outputs @ others.mT - (outputs * self.v).sum(dim=-1, keepdim=True)
        same = candidates[:, None, :] == torch.arange(count)[:, None]
        terms = scores.exp().masked_fill(same, 0) * (count / ((count - 1) * candidates.shape[1]))  # [R, N, J]
        values = terms.sum(dim=-1)
        return values, terms @ others - values[..., None] * self.v

    def shortened(self, values: Tensor, pulls: Tensor) -> Tensor:
        """Return a [R, N, d] with rows no longer than they can be at g [R, N]: g_i times the largest |v_j - v_i|."""
        return pulls * (values * self.reach / pulls.norm(dim=-1).clamp(min=1e-300)).clamp(max=1)[..., None]

    def worst_weights(self, values: Tensor) -> Tensor:
        """Return the p [R, N] that maximises f at inner values g [R, N]."""
        return project_on_simplex(1 / self.count + values.log() / (self.nu * self.count))

    def by_weights(self, values: Tensor, p: Tensor) -> Tensor:
        """Return the gradient of f by p [R, N]."""
        return values.log() - self.nu * self.count * (p - 1 / self.count)

    def by_encoder(self, weights: Tensor, values: Tensor, pulls: Tensor, p: Tensor) -> Tensor:
        """Return the gradient by W [R, d, D] at weights p of the anchors, from inner values g and their a."""
        return (pulls * (p / values)[..., None]).mT @ self.x + self.ridge * weights

    def loss(self, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the full-batch Phi(W) [R], the greatest value over p, its gradient [R, d, D], and the exact g [R, N]."""
        values, pulls = self.inner(weights)
        p = self.worst_weights(values)
        penalty = self.nu / 2 * self.count * (p - 1 / self.count).square().sum(dim=-1)
        loss = (p * values.log()).sum(dim=-1) - penalty + self.ridge / 2 * weights.square().sum(dim=(-2, -1))
        return loss, self.by_encoder(weights, values, pulls, p), values

    def least_loss(self) -> Tensor:
        """Return the least Phi of each run [R], by L-BFGS with exact gradients."""
        return torch.tensor([self._minimum(run) for run in range(len(self.x))], dtype=self.x.dtype)

    def _minimum(self, run: int) -> float:
        alone = WorstCaseAnchors(self.x[run : run + 1], self.v[run : run + 1], self.nu, self.ridge)
        shape = 1, self.v.shape[2], self.x.shape[2]

        def of_flat(flat: np.ndarray) -> tuple[float, np.ndarray]:
            """Return Phi and its gradient at W as one row."""
            loss, gradient, _ = alone.loss(torch.from_numpy(flat).view(shape))
            return float(loss), gradient.numpy().ravel()

        options = {"maxiter": 5000, "maxfun": 10000, "ftol": 1e-15, "gtol": 1e-10}
        start = np.zeros(shape[1] * shape[2])
        return float(minimize(of_flat, start, jac=True, method="L-BFGS-B", options=options).fun)
