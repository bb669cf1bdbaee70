"""Control variates for the noise of the views: what the known amounts h of the views foretell of a batch's gradient.

The amounts have mean 0, so g - C h has the mean of g for any C that does not depend on h. The best C depends on the batch.
After Boustati et al. (2020), who let a network predict it from the batch; their paper could not be read in full, and the
predictor here is a smaller one: linear in what it sees, fitted by least squares to gradients that training computes anyway.

| variate | C |
|---|---|
| `OneForAll` | one C for the amounts summed over the samples, for all batches |
| `Amortised` | of each sample, from numbers predicted for it in its batch |
| `BestForBatch` | fitted to many gradients of that batch: what no prediction can beat |

Each is fitted to `Drawn` gradients of some batches, and tells what it removes from those of others.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import LongTensor, Tensor

from replication.experiments.neighbours.contrastive_gradient import slopes
from replication.experiments.neighbours.image_views import ImageViews
from replication.experiments.neighbours.linear_encoder import encode

RIDGE = 1e-9  # of the mean square of a regressor


@dataclass(frozen=True)
class Drawn:
    """Gradients [K, d D] of one batch [B] under the amounts [K, 2, B, 4] of K independent pairs of views."""

    batch: LongTensor
    amounts: Tensor
    gradients: Tensor


class ControlVariate(ABC):
    """What is subtracted from the gradients of a batch: of mean 0, and known from the amounts of its views."""

    @abstractmethod
    def fit(self, drawn: list[Drawn]) -> "ControlVariate":
        """Choose the coefficients that leave the least variance around each batch's mean; return self."""

    @abstractmethod
    def removed(self, batch: LongTensor, amounts: Tensor) -> Tensor:
        """Return what to subtract [K, d D] from gradients of a batch [B] under amounts [K, 2, B, 4]."""


class BestForBatch(ControlVariate):
    """A coefficient for every amount of every sample: fit it to the batch that it is for."""

    def fit(self, drawn: list[Drawn]) -> "BestForBatch":
        """See `ControlVariate`."""
        rows, targets = zip(*((_centred(self._summed(part.amounts)), _centred(part.gradients)) for part in drawn), strict=True)
        rows, targets = torch.cat(rows), torch.cat(targets)
        self._coefficients = solve(rows.T @ rows, rows.T @ targets)
        return self

    def removed(self, batch: LongTensor, amounts: Tensor) -> Tensor:
        """See `ControlVariate`."""
        return self._summed(amounts) @ self._coefficients

    def _summed(self, amounts: Tensor) -> Tensor:
        return amounts.flatten(1)


class OneForAll(BestForBatch):
    """A coefficient for each of the four amounts, summed over samples and views."""

    def _summed(self, amounts: Tensor) -> Tensor:
        return amounts.sum(dim=(1, 2))


class Amortised(ControlVariate):
    """Coefficients that are predicted for each sample from its image, its embedding and its slope in the batch.

    Moving sample i along a direction changes the gradient of W in three places: where its input enters, where its slope does,
    and where its partners' slopes do. Each is an outer product, one factor of which is known. How much of each counts is
    predicted: linearly in the features, for each output of the encoder on its own.

    Args:
        views: the images and their directions.
        weights: the encoder W [d, D].
        temperature: of the loss.
    """

    def __init__(self, views: ImageViews, weights: Tensor, temperature: float):
        self.x, self.weights, self.temperature = views.x, weights, temperature
        self.rows, self.scaled = encode(weights, views.x)
        length = views.x.norm(dim=1) / self.scaled.norm(dim=1)
        self.moves = views.directions / length[:, None, None]  # [N, 4, D]

    def fit(self, drawn: list[Drawn]) -> "Amortised":
        """See `ControlVariate`."""
        products, targets = 0.0, 0.0
        for part in drawn:
            rows = _centred(self._regressors(part.batch, part.amounts)).movedim(1, 0).flatten(1, 2)  # [d, K D, H]
            wanted = _centred(part.gradients).view(len(part.gradients), *rows.shape[:1], -1).movedim(1, 0).flatten(1)
            products = products + rows.mT @ rows
            targets = targets + rows.mT @ wanted[..., None]
        self._coefficients = solve(products, targets)  # [d, H, 1]
        return self

    def removed(self, batch: LongTensor, amounts: Tensor) -> Tensor:
        """See `ControlVariate`."""
        found = self._regressors(batch, amounts).movedim(1, 0) @ self._coefficients[:, None]  # [d, K, D, 1]
        return found.squeeze(-1).movedim(0, 1).flatten(1)

    def _regressors(self, batch: LongTensor, amounts: Tensor) -> Tensor:
        """Return [K, d, D, H]: for each entry of the gradient the known factors, times the features of the samples."""
        rows, scaled, moves = self.rows[batch], self.scaled[batch], self.moves[batch]
        pull = slopes(rows, rows, self.temperature)[0] * len(batch)
        features = torch.cat([torch.ones(len(batch), 1, dtype=rows.dtype), self.x[batch], rows, pull], dim=1)  # [B, F]
        both = amounts.sum(dim=1)  # undisturbed views are alike, so both views have the same coefficients
        inputs = (both[..., None] * moves).sum(dim=2)  # [K, B, D]: how the scaled inputs move
        outputs = (both[..., None] * (moves @ self.weights.T)).sum(dim=2)  # [K, B, d]: how the embeddings move
        partners = (rows @ rows.T / self.temperature).softmax(dim=1) @ scaled
        own = torch.einsum("kbl,bf->klf", inputs, features)[:, None].expand(-1, rows.shape[1], -1, -1)
        sides = [torch.einsum("kbc,bl,bf->kclf", outputs, side, features) for side in (scaled, partners)]
        return torch.cat([own, *sides], dim=-1)


def solve(products: Tensor, targets: Tensor) -> Tensor:
    """Return the least-squares coefficients from X^T X [..., H, H] and X^T Y [..., H, P], with a trace of ridge."""
    floor = RIDGE * products.diagonal(dim1=-2, dim2=-1).mean(dim=-1)[..., None, None]
    return torch.linalg.solve(products + floor * torch.eye(products.shape[-1], dtype=products.dtype), targets)


def _centred(x: Tensor) -> Tensor:
    """Return x [K, ...] less its mean over the draws."""
    return x - x.mean(dim=0)
