"""The objectives of fine-tuning, on one process or on the rows of several."""

import torch
from open_clip.loss import ClipLoss, gather_features
from torch import LongTensor, Tensor

from replication.clip.processes import Processes
from replication.clip.settings import Settings
from replication.losses import make_objective
from replication.losses.bimodal_sogclr import BimodalSogCLR


class _Clip(ClipLoss):
    """open_clip's ClipLoss; with several processes each has its own rows against the columns of all, and all gradients."""

    def __init__(self, processes: Processes):
        super().__init__(local_loss=True, gather_with_grad=True, rank=processes.rank, world_size=processes.count)

    def forward(self, u: Tensor, v: Tensor, scale: Tensor, batch: LongTensor) -> Tensor:
        """Return the loss of unit features u, v [B/w, d] at the scale exp(logit_scale), 0-d; `batch` does not matter."""
        return super().forward(u, v, scale)


class _Global(BimodalSogCLR):
    """`BimodalSogCLR` of the whole batch in every process, divided by 2t, so in nats like ClipLoss."""

    def __init__(self, num_samples: int, temperature: float, processes: Processes):
        super().__init__(num_samples, temperature)
        self.processes = processes

    def forward(self, u: Tensor, v: Tensor, scale: Tensor, batch: LongTensor) -> Tensor:
        """Return the loss of unit features u, v [B/w, d] of the samples `batch` [B], 0-d; `scale` does not matter."""
        return super().forward(*_gathered(u, v, self.processes), batch) / (2 * self.temperature)


class _Named(torch.nn.Module):
    """An objective of `replication.losses` of the whole batch in every process."""

    def __init__(self, name: str, num_samples: int, temperature: float, processes: Processes):
        super().__init__()
        self.objective = make_objective(name, num_samples, temperature)
        self.processes = processes

    def forward(self, u: Tensor, v: Tensor, scale: Tensor, batch: LongTensor) -> Tensor:
        """Return the loss of features u, v [B/w, d] of the samples `batch` [B], 0-d; `scale` does not matter."""
        return self.objective(*_gathered(u, v, self.processes), batch)


def _gathered(u: Tensor, v: Tensor, processes: Processes) -> tuple[Tensor, Tensor]:
    """Return the features of the whole batch [B, d] from this process's [B/w, d]; gradients find their way back."""
    if processes.count == 1:
        return u, v
    return gather_features(u, v, gather_with_grad=True, rank=processes.rank, world_size=processes.count)


def make_loss(settings: Settings, num_samples: int, temperature: float, processes: Processes) -> torch.nn.Module:
    """Return the objective of a run: loss(u, v, exp(logit_scale), batch) -> 0-d tensor; the first two are in nats."""
    if settings.objective == "clip":
        return _Clip(processes)
    if settings.objective == "sogclr":
        return _Global(num_samples, temperature, processes)
    return _Named(settings.objective, num_samples, temperature, processes)
