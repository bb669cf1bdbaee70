"""Chosen batches in Lightning's Trainer: a complete program that runs offline in seconds.

    python examples/lightning_trainer.py

With several processes, give `DealtBatches` their number and this one's rank, and the loss must gather the embeddings. Hard
batches need not help: compare on your own data.
"""

import torch
from lightning.pytorch import LightningModule, Trainer
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from replication.integrations.dealt_batches import DealtBatches
from replication.integrations.lightning import PlanEpochs
from replication.losses import contrastive_loss
from replication.selection import MixedBatches, PlannedBatchSampler, SwapSearch

BATCH_SIZE, TEMPERATURE, EPOCHS = 32, 0.1, 3


class Halves(LightningModule):
    """Two small towers, one for each half of a digit."""

    def __init__(self):
        super().__init__()
        self.upper, self.lower = (nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32)) for _ in range(2))
        self.losses = []

    def training_step(self, batch, index):
        """Return the contrastive loss of a chosen batch."""
        u, v = self.upper(batch[0]), self.lower(batch[1])
        loss = contrastive_loss(u, v, TEMPERATURE, normalize=True, validate=False)
        self.losses.append(loss.item())
        return loss

    def configure_optimizers(self):
        """Return AdamW."""
        return torch.optim.AdamW(self.parameters(), lr=1e-3)


def main() -> list[float]:
    """Train; return the loss of each batch."""
    torch.manual_seed(0)
    data = TensorDataset(*(torch.tensor(load_digits().data, dtype=torch.float32) / 16).split(32, dim=1))
    selector = MixedBatches(SwapSearch(BATCH_SIZE, k=10, temperature=TEMPERATURE), 0.25)
    batches = DealtBatches(PlannedBatchSampler(selector, len(data)))
    planner = PlanEpochs(batches, lambda module: (module.upper(data.tensors[0]), module.lower(data.tensors[1])))
    module = Halves()
    options = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False, "accelerator": "cpu"}
    trainer = Trainer(**options, max_epochs=EPOCHS, callbacks=[planner], use_distributed_sampler=False)
    trainer.fit(module, DataLoader(data, batch_sampler=batches))
    print(f"loss of the first batch {module.losses[0]:.3f} nats, of the last {module.losses[-1]:.3f}")
    return module.losses


if __name__ == "__main__":
    main()
