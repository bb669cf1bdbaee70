"""Chosen batches in a loop with Accelerate: a complete program that runs offline in seconds, on one process or several.

    torchrun --nproc-per-node=2 examples/accelerate_loop.py      # each takes half of each chosen batch; or without torchrun

The loss gathers the embeddings, so it sees each chosen batch whole. Hard batches need not help: compare on your own data.
"""

import torch
from accelerate import Accelerator
from sklearn.datasets import load_digits
from torch import nn
from torch.distributed.nn.functional import all_gather
from torch.utils.data import DataLoader, TensorDataset

from replication.integrations.dealt_batches import DealtBatches
from replication.losses import contrastive_loss
from replication.selection import MixedBatches, PlannedBatchSampler, SwapSearch

BATCH_SIZE, TEMPERATURE, EPOCHS = 32, 0.1, 3


class Towers(nn.Module):
    """Two small towers, one for each half of a digit."""

    def __init__(self):
        super().__init__()
        self.upper, self.lower = (nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32)) for _ in range(2))

    def forward(self, x, y):  # noqa: D102
        return self.upper(x), self.lower(y)


def main() -> list[float]:
    """Train; return the loss of each batch."""
    accelerator, losses = Accelerator(cpu=True), []
    torch.manual_seed(0)
    data = TensorDataset(*(torch.tensor(load_digits().data, dtype=torch.float32) / 16).split(32, dim=1))
    selector = MixedBatches(SwapSearch(BATCH_SIZE, k=10, temperature=TEMPERATURE), 0.25)
    batches = DealtBatches(PlannedBatchSampler(selector, len(data)), split="rows")
    optimizer = torch.optim.AdamW((model := Towers()).parameters(), lr=1e-3)
    model, optimizer, loader = accelerator.prepare(model, optimizer, DataLoader(data, batch_sampler=batches))
    for epoch in range(EPOCHS):
        loader.set_epoch(epoch)
        with torch.no_grad():
            batches.update(*model(*data.tensors))
        for x, y in loader:
            u, v = model(x, y)
            if accelerator.num_processes > 1:
                u, v = (torch.cat(all_gather(each)) for each in (u, v))
            loss = contrastive_loss(u, v, TEMPERATURE, normalize=True, validate=False)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
    accelerator.print(f"loss of the first batch {losses[0]:.3f} nats, of the last {losses[-1]:.3f}")
    return losses


if __name__ == "__main__":
    main()
