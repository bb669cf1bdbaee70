"""Fine-tune a model of open_clip on your own pairs with chosen batches: a complete program.

python examples/finetune_open_clip.py pairs.csv [MODEL [PRETRAINED]]     columns of pairs.csv: filepath, title
"""

import sys

import open_clip
import pandas
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from replication.selection import PlannedBatchSampler, SwapSearch

BATCH_SIZE, LR, DEVICE = 32, 1e-5, "cuda" if torch.cuda.is_available() else "cpu"


class Pairs(Dataset):
    """Image and caption of each row of a CSV."""

    def __init__(self, path: str, transform, tokenizer):
        self.table = pandas.read_csv(path)
        self.transform, self.tokenizer = transform, tokenizer

    def __len__(self):
        return len(self.table)

    def __getitem__(self, n):
        return self.transform(Image.open(self.table.filepath[n])), self.tokenizer(self.table.title[n])[0]


def main(path: str, name: str = "ViT-B-32", pretrained: str = "openai", epochs: int = 3) -> torch.nn.Module:
    """Fine-tune and return the model; the printed losses are those of hard batches, so above those of random ones."""
    model, _, transform = open_clip.create_model_and_transforms(name, pretrained or None, device=DEVICE)
    data = Pairs(path, transform, open_clip.get_tokenizer(name))
    optimizer, loss_of = torch.optim.AdamW(model.parameters(), lr=LR), open_clip.ClipLoss()
    temperature = 1 / model.logit_scale.exp().item()
    sampler = PlannedBatchSampler(SwapSearch(BATCH_SIZE, temperature=temperature), len(data))
    in_order, planned = DataLoader(data, batch_size=256), DataLoader(data, batch_sampler=sampler)
    for epoch in range(epochs):
        model.eval()
        with torch.no_grad():  # this epoch's embeddings of all pairs, in the order of the data
            found = [model(images.to(DEVICE), texts.to(DEVICE))[:2] for images, texts in in_order]
        sampler.set_epoch(epoch)
        sampler.update(*(torch.cat(side).float().cpu() for side in zip(*found, strict=True)))
        model.train()
        total = 0.0
        for images, texts in planned:
            loss = loss_of(*model(images.to(DEVICE), texts.to(DEVICE)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: mean in-batch loss {total / len(planned):.3f} nats")
    return model


if __name__ == "__main__":
    main(*sys.argv[1:4])
