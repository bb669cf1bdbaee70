"""Max-margin contrastive learning: negatives weighted by a support vector machine between each sample and the others."""

from collections.abc import Sequence

import torch
from torch import Tensor

from replication.losses.objective import Objective
from replication.validation import check_count, check_positive


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
    k(x, y) = exp(-|x - y|^2 / (2w)) = exp((x.y - 1)/w): the authors' sigma is 2w. The value is <= 0 as long as the positive
    is nearer than the weighted negatives.

    At w = 0.1, the temperature of most experiments here, *no support vector is chosen*: the kernel of different samples is
    almost 0, so no coefficient is clipped to 0, nor to C = 1. Unless the samples form tight clusters they are about alike, and
    what is left is a nearly uniform repulsion. The authors' kernels are wider: w = 5 without a ceiling on ImageNet, and on
    CIFAR-100 w = 25 at first, C = 100. There more than a third of the coefficients are 0, and many exceed 1. `ReleasedMMCL` has
    the settings for CIFAR-100.

    Args:
        temperature: t > 0, the width w of the kernel unless `width` is given.
        ceiling: C > 0, the largest coefficient; None: no bound.
        ridge: > 0, added to the diagonal of D; the authors' value is 0.1. Below 8 B times the type's epsilon (1e-6 B in single
            precision) it counts as that: rounding would leave matrices without a Cholesky factor.
        width: w > 0, where it is not the temperature.
    """

    def __init__(self, temperature: float, ceiling: float | None = 1.0, ridge: float = 0.1, width: float | None = None):
        super().__init__(temperature)
        self.ceiling = None if ceiling is None else float(check_positive("ceiling", ceiling))
        self.ridge = float(check_positive("ridge", ridge))
        self.width = self.temperature if width is None else float(check_positive("width", width))

    def extra_repr(self) -> str:
        """Show the settings where the module is printed."""
        ceiling = "none" if self.ceiling is None else f"{self.ceiling:g}"
        return f"{super().extra_repr()}, ceiling={ceiling}, ridge={self.ridge:g}, width={self.width:g}"

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        across = self._kernel(u, v)
        return 0.5 * (self._one_way(u, across.T) + self._one_way(v, across))

    def _kernel(self, x: Tensor, y: Tensor) -> Tensor:
        return ((x @ y.T - 1) / self.present_width(len(x))).exp()

    def present_width(self, batch_size: int) -> float | Tensor:
        """Return the width of the kernel at the next call, for B samples."""
        return self.width

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


class ReleasedMMCL(MMCL):
    """`MMCL` with the settings of the authors' CIFAR-100 program: C = 100, and w = 25, 2.5 and 0.25, one after the other.

    The width falls to a tenth when 75 epochs are done, and again after 125, of 400. Epochs are counted by calls in training:
    one is floor(N/B) of them, for the B of the call. Shorter runs should say when it falls. Both choices of x and y are
    averaged here too. The variant that solves each machine by projected gradients, which the authors found more accurate,
    is not implemented.

    The state is the buffer `calls`, the number of calls in training so far.

    Args:
        num_samples: N >= 1, the size of the data set.
        temperature: > 0; nothing depends on it.
        ceiling, ridge: as in `MMCL`.
        width: w > 0, at the start.
        drop_epochs: after how many epochs the width falls to a tenth of what it was, each >= 0.
    """

    def __init__(
        self,
        num_samples: int,
        temperature: float,
        ceiling: float | None = 100.0,
        ridge: float = 0.1,
        width: float = 25.0,
        drop_epochs: Sequence[int] = (75, 125),
    ):
        super().__init__(temperature, ceiling, ridge, width)
        self.num_samples = check_count("num_samples", num_samples, 1)
        self.drop_epochs = [check_count("drop_epochs", epoch, 0) for epoch in drop_epochs]
        with torch.inference_mode(False):  # an ordinary tensor, whatever the caller's mode
            calls = torch.zeros((), dtype=torch.int64, device="cpu")
        self.register_buffer("calls", calls)

    def present_width(self, batch_size: int) -> float | Tensor:
        """Return the width of the kernel at the next call, for B samples: 0-d, float64, unless it never falls."""
        epochs = self.calls // max(1, self.num_samples // batch_size)
        return self.width * 0.1 ** sum((epochs >= drop).double() for drop in self.drop_epochs)

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        loss = super()._loss(u, v, index)
        if self.training:
            self.calls.add_(1)
        return loss
