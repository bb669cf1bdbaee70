"""The loss of SimCLR with a correction by a snapshot: small batches, whose mean gradient is that of the full batch."""

import torch
from torch import LongTensor, Tensor

from replication.directions import directions
from replication.losses.info_nce import check_batches
from replication.losses.nt_xent import NTXent
from replication.losses.objective import check_index, check_views
from replication.torch_settings import full_precision
from replication.validation import check_count, check_has_values


class SnapshotNTXent(NTXent):
    """NT-Xent of a batch, corrected by the embeddings of all samples, which planning computes anyway.

    The gradient of a batch is biased: its samples see the 2B - 2 negatives of their batch, and hard batches choose them.
    `renew` takes the embeddings of all N samples and a plan. For each sample i of a batch it keeps, by both views,

        c_i = N/B (gradient of NT-Xent of all N by view i) - (gradient of NT-Xent of its batch by view i),

    both at those embeddings. The loss is then NT-Xent of the batch plus the sum over its samples of <c_i, view i>, less the
    same without its graph: the value is that of NT-Xent. Where embeddings and views are still those of the snapshot, the mean
    of the gradients over the plan's batches is the gradient of all N samples, however the batches were chosen. Later it is off
    by what has changed since. This is SVRG (Johnson & Zhang 2013) at the level of embeddings: no gradient of the old network is
    needed, and so views drawn anew add noise.

    Before the first `renew` it is NT-Xent. What is kept is the buffer `correction` [2, N, d], part of `state_dict`.

    Args:
        num_samples: N >= 1, the size of the data set that `index` points into.
        temperature: t > 0.

    Raises:
        TypeError, ValueError: arguments outside these ranges.
    """

    def __init__(self, num_samples: int, temperature: float):
        super().__init__(temperature)
        check_count("num_samples", num_samples, 1)
        with torch.inference_mode(False):
            self.register_buffer("correction", torch.zeros(2, num_samples, 0, dtype=torch.float32, device="cpu"))

    @full_precision()
    @torch.no_grad()
    def renew(self, u: Tensor, v: Tensor, plan: LongTensor, *, max_elements: int = 2**24) -> None:
        """Take a new snapshot.

        Args:
            u, v: embeddings [N, d] of both views of all samples, of any norm.
            plan: the batches [M, B] to come; no sample twice. Samples in none of them are not corrected.
            max_elements: of the similarities in memory at once.

        Raises:
            TypeError, ValueError: embeddings of another kind, shape or device, or not finite; a plan of another kind or shape,
                or one with a sample twice, as OSGD's may have.
        """
        check_views(u, v)
        if len(u) != self.correction.shape[1]:
            raise ValueError(f"u has {len(u)} rows; this objective was made for num_samples={self.correction.shape[1]}")
        check_has_values("u", u)
        if u.device != self.correction.device:
            mine = f"this SnapshotNTXent is on {self.correction.device}"
            raise ValueError(f"u is on {u.device}; {mine}: move it with .to(u.device)")
        for name, x in (("u", u), ("v", v)):
            if not torch.isfinite(x).all():
                raise ValueError(f"{name} holds NaN or infinity; a snapshot needs finite embeddings")
        check_batches(plan, len(u), "plan")
        if len(plan.unique()) != plan.numel():
            raise ValueError("plan holds a sample twice; a snapshot needs batches that are disjoint, unlike those of OSGD")
        plan = plan.to(u.device, torch.int64)
        unit = torch.stack([directions(x.float(), dim=1) for x in (u, v)])  # [2, N, d]
        new = torch.zeros_like(unit)
        full = nt_xent_slopes(unit, self.temperature, max_elements) * plan.shape[0]
        for rows in plan.split(max(1, max_elements // (2 * plan.shape[1]) ** 2)):
            batches = unit[:, rows].transpose(0, 1)  # [M, 2, B, d]
            new[:, rows] = full[:, rows] - nt_xent_slopes(batches, self.temperature, max_elements).transpose(0, 1)
        if self.correction.shape == new.shape:
            self.correction.copy_(new)  # in place: a recorded CUDA graph reads it where it was
        else:
            self.correction = new

    def _loss(self, u: Tensor, v: Tensor, index: Tensor | None) -> Tensor:
        loss = super()._loss(u, v, index)
        if not self.correction.shape[-1]:
            return loss
        check_index(index, len(u), self.correction.shape[1])
        added = (self.correction[:, index].to(u.dtype) * torch.stack([u, v])).sum()
        return loss + (added - added.detach())

    def _load_from_state_dict(self, state_dict, prefix, *rest) -> None:
        saved = state_dict.get(f"{prefix}correction")
        if saved is not None and saved.shape[:2] == self.correction.shape[:2]:  # of whatever d
            self.correction = torch.empty_like(saved, device=self.correction.device)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def nt_xent_slopes(unit: Tensor, temperature: float, max_elements: int = 2**24) -> Tensor:
    """Return the gradient [..., 2, N, d] of NT-Xent of N samples by their two views, unit rows [..., 2, N, d], without checks.

    With s the similarities over t of all 2N views but each with itself, p their softmax over the candidates of a view, it is
    (sum over b of (p_ab + p_ba) z_b - 2 z_partner(a)) / (2 N t) at view a. The similarities are computed block by block, twice.
    """
    views = unit.flatten(-3, -2)  # [..., 2N, d]
    count, t = views.shape[-2], temperature
    rows = max(1, max_elements // (views.numel() // views.shape[-1]))
    blocks = [slice(start, start + rows) for start in range(0, count, rows)]

    def similarities(block: slice) -> Tensor:
        """Return the similarities [..., rows, 2N] of a block of views, minus infinity with themselves."""
        s = views[..., block, :] @ views.mT / t
        s.diagonal(block.start, -2, -1).fill_(-torch.inf)
        return s

    sums = torch.cat([similarities(block).logsumexp(dim=-1) for block in blocks], dim=-1)  # [..., 2N]
    slopes = torch.empty_like(views)
    for block in blocks:
        s = similarities(block)
        weights = (s - sums[..., block, None]).exp_() + (s - sums[..., None, :]).exp_()
        slopes[..., block, :] = weights @ views
    partners = unit.flip(-3).flatten(-3, -2)
    return ((slopes - 2 * partners) / (count * t)).view_as(unit)
