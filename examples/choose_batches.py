"""Train two small encoders on pairs of views, with shuffled and with chosen batches: a complete program in plain PyTorch.

    python examples/choose_batches.py                          # seconds on a CPU
    python examples/choose_batches.py --selector "SwapSearch, hardness 0.5"     # half of the batches are hard ones
    python examples/choose_batches.py --selector "neighbours, window 320"       # random ones of the 320 nearest

Both trainings begin with the same weights, and samples that neither saw are retrieved. A selector is a name, such as OSGD, SC,
SwapSearch or neighbours, and arguments of its constructor. Hard batches need not help: on this toy a quarter of SwapSearch's do
as well as shuffled ones, and all of them, the hardest, far worse. So measure on your own data, with several seeds.
"""

import argparse
import statistics

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from replication.evaluation import retrieval_metrics
from replication.losses import contrastive_loss
from replication.selection import BatchSelector, PlannedBatchSampler
from replication.selection.registry import make_selector

BATCH_SIZE, TEMPERATURE, EPOCHS, SEEDS, TEST = 32, 0.1, 5, 5, 360
SAMPLES = 1797 - TEST


def train(selector: BatchSelector, seed: int) -> float:
    """Train on digits, whose upper half is one view and whose lower half is the other; return R@1 of the test digits in %."""
    torch.manual_seed(seed)  # equal seeds, equal weights
    upper, lower = (nn.Sequential(nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 32)) for _ in range(2))
    optimizer = torch.optim.AdamW([*upper.parameters(), *lower.parameters()], lr=1e-3)
    first, second = (torch.tensor(load_digits().data, dtype=torch.float32) / 16).split(32, dim=1)
    data = TensorDataset(first[:-TEST], second[:-TEST])

    sampler = PlannedBatchSampler(selector, len(data), seed)
    loader = DataLoader(data, batch_sampler=sampler)
    for epoch in range(EPOCHS):
        sampler.set_epoch(epoch)
        with torch.no_grad():  # this epoch's embeddings of all samples, in the order of the data
            sampler.update(upper(data.tensors[0]), lower(data.tensors[1]))
        for x, y in loader:
            loss = contrastive_loss(upper(x), lower(y), TEMPERATURE, normalize=True, validate=False)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return retrieval_metrics(upper(first[-TEST:]), lower(second[-TEST:]))["mean R@1"]


def main(argv: list[str] | None = None) -> list[tuple[float, float]]:
    """Print and return R@1 of each seed in %, with shuffled and with chosen batches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--selector", default="SwapSearch, hardness 0.25", help="default: %(default)s")
    name = parser.parse_args(argv).selector
    try:  # k=None: chunks are the whole set
        selectors = [make_selector(line, SAMPLES, BATCH_SIZE, TEMPERATURE, k=None) for line in ("SGD", name)]
    except ValueError as error:
        parser.error(str(error))

    print(f"R@1 in % among {TEST} test digits\n{'':6}{'shuffled':>10}{name:>30}")
    found = []
    for seed in range(SEEDS):
        found.append(tuple(train(selector, seed) for selector in selectors))
        print(f"seed {seed}{found[-1][0]:10.1f}{found[-1][1]:30.1f}")
    shuffled, chosen = (statistics.mean(side) for side in zip(*found, strict=True))
    print(f"mean  {shuffled:10.1f}{chosen:30.1f}")
    print("Hard batches need not help: measure on your own data, with several seeds.")
    return found


if __name__ == "__main__":
    main()
