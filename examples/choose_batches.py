"""Train two small encoders on pairs of views with chosen batches: a complete program, plain PyTorch, one minute on a CPU.

python examples/choose_batches.py [SwapSearch | SpectralClustering | ShuffledBatches]
"""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from replication import selection
from replication.losses import contrastive_loss

EPOCHS, BATCH_SIZE, TEMPERATURE = 5, 32, 0.1


def main(name: str = "SwapSearch", epochs: int = EPOCHS) -> float:
    """Train on digits, whose upper half is one view and whose lower half is the other; return the retrieval accuracy."""
    torch.manual_seed(0)
    pixels = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    data = TensorDataset(pixels[:, :32], pixels[:, 32:])
    upper, lower = (nn.Sequential(nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 32)) for _ in range(2))
    optimizer = torch.optim.AdamW([*upper.parameters(), *lower.parameters()], lr=1e-3)

    options = {} if name == "ShuffledBatches" else {"temperature": TEMPERATURE}
    selector = getattr(selection, name)(BATCH_SIZE, **options)
    sampler = selection.PlannedBatchSampler(selector, len(data))
    loader = DataLoader(data, batch_sampler=sampler)
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        with torch.no_grad():  # this epoch's embeddings of all samples, in the order of the data
            sampler.update(upper(data.tensors[0]), lower(data.tensors[1]))
        total = 0.0
        for first, second in loader:
            loss = contrastive_loss(upper(first), lower(second), TEMPERATURE, normalize=True, validate=False)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: mean in-batch loss {total / len(loader):.3f} nats")

    with torch.no_grad():
        u, v = (nn.functional.normalize(net(x), dim=1) for net, x in zip((upper, lower), data.tensors, strict=True))
    accuracy = (u @ v.T).argmax(dim=1).eq(torch.arange(len(u))).float().mean().item()
    print(f"{name}: R@1 upper to lower half, among all {len(u)}: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main(*sys.argv[1:2])
