"""Max-margin contrastive learning: negatives weighted by a support vector machine between each sample and the others."""

import torch
from torch import Tensor

from replication.losses.objective import Objective
from replication.validation import check_positive


class MMCL(Objective):
    """Max-margin contrastive learning (Shah et al. 2022), in its closed form ("INV").

    For every sample i a kernel support vector machine separates x_i from the B-1 other samples of the same view. With the
    coefficient of x_i eliminated (it is the sum of those of the others), its dual is

        max over 0 <= a_j <= C of  2 sum_j a_j - 1/2 a' (D + ridge I) a,
        D_jk = k(x_i,x_i) + k(x_j,x_k) - k(x_i,x_j) - k(x_i,x_k)

    and the closed form solves (D + ridge I) a = 2 without the bounds, then clips a to [0, C]: near the exact solution, but
    without iterations. The other view y_i of the sample is then scored by that machine, a held fixed:

        loss_i = sum_j a_j k(y_i, x_j) - (sum_j a_j) k(y_i, x_i)

    averaged over the samples and over both choices of x and y (the authors' code takes one). The kernel is Gaussian,
    k(x, y) = exp(-|x - y|^2 / (2t)) = exp((x.y - 1)/t): the authors' sigma is 2t. The value is <= 0 as long as the positive
    is nearer than the weighted negatives.

    Args:
        temperature: t > 0, the width of the kernel.
        ceiling: C > 0, the largest coefficient.
        ridge: > 0, added to the diagonal of D; the authors' value is 0.1. Below 8 B times the type's epsilon (1e-6 B in single
            precision) it counts as that: rounding would leave matrices without a Cholesky factor.
    """

    def __init__(self, temperature: float, ceiling: float = 1.0, ridge: float = 0.1):
        super().__init__(temperature)
        self.ceiling = float(check_positive("ceiling", ceiling))
        self.ridge = float(check_positive("ridge", ridge))

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        return f"{super().extra_repr()}, ceiling={self.ceiling:g}, ridge={self.ridge:g}"

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        across = self._kernel(u, v)
        return 0.5 * (self._one_way(u, across.T) + self._one_way(v, across))

    def _kernel(self, x: Tensor, y: Tensor) -> Tensor:
        return ((x @ y.T - 1) / self.temperature).exp()

    def _one_way(self, x: Tensor, scores: Tensor) -> Tensor:
        """Return the loss with the machines of the samples `x`; scores [B, B]: k(y_i, x_j)."""
        with torch.no_grad():
            coefficients = self.coefficients(x)
        positive = scores.diagonal()
        return ((coefficients * scores).sum(dim=1) - coefficients.sum(dim=1) * positive).mean()

    def coefficients(self, x: Tensor) -> Tensor:
        """Return the clipped solutions for unit rows x [B, d]: row i holds a_j of sample i's machine; its diagonal is 0."""
        kernel = self._kernel(x, x)
        # D of machine i is indexed [i, j, k]. Its row and column j = i vanish, so a_i decouples from the rest: no masking.
        margins = 1 + kernel - kernel.unsqueeze(1) - kernel.unsqueeze(2)
        # Positive definite: a Gram matrix plus a ridge that rounding does not swallow.
        margins.diagonal(dim1=1, dim2=2).add_(max(self.ridge, 8 * len(x) * torch.finfo(x.dtype).eps))
        factor = torch.linalg.cholesky_ex(margins).L
        solution = torch.cholesky_solve(torch.full_like(kernel, 2).unsqueeze(2), factor).squeeze(2)
        return solution.clamp(0, self.ceiling).fill_diagonal_(0)
