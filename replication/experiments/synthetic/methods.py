"""The ways to choose batches that the synthetic experiments compare, each as one epoch of floor(N/B) updates."""

from collections.abc import Callable

import torch
from torch import Generator, LongTensor

from replication.experiments.synthetic.descent import Embeddings, family_losses, gram_blocks
from replication.selection import AllBatches, BatchSelector, FixedBatches, FullBatch, ShuffledBatches, SpectralClustering
from replication.selection.registry import parse_method
from replication.validation import check_count

# A method is given the problem's N and batch size and the seeds' generators, and returns what does one epoch of updates.
Epoch = Callable[[Embeddings, float], None]


def full_batch(n: int, batch_size: int, generators: list[Generator]) -> Epoch:
    """Every update is a gradient step on the loss of all N pairs."""
    return _repeat(FullBatch().plan(n), n, n // batch_size)


def all_batches(n: int, batch_size: int, generators: list[Generator]) -> Epoch:
    """Every update is one gradient step on the mean loss over all C(N, B) batches."""
    return _repeat(AllBatches(batch_size).plan(n), n, n // batch_size)


def ordered_sgd(n: int, batch_size: int, generators: list[Generator]) -> Epoch:
    """Every update is on the one batch, of all C(N, B), that has the largest loss at that moment (ties: lowest index)."""
    blocks = gram_blocks(AllBatches(batch_size).plan(n), n)  # [M, B, B]

    def epoch(embeddings: Embeddings, lr: float) -> None:
        """Make the updates of one epoch on the embeddings of all seeds, in place."""
        for _ in range(n // batch_size):
            # Rounding hides ties between batches that are equal in exact arithmetic; 12 digits make them ties again.
            losses = family_losses(embeddings.gram(), blocks).mul(1e12).round_()
            embeddings.step(blocks[losses.argmax(dim=1)].unsqueeze(1), lr)

    return epoch


def partition_by(selector: BatchSelector):
    """Return the method that asks `selector` for a partition at the start of each epoch and updates on its batches in turn."""

    def method(n: int, batch_size: int, generators: list[Generator]) -> Epoch:
        """Return the function that makes the epochs; see `Epoch`."""

        def epoch(embeddings: Embeddings, lr: float) -> None:
            """Make the updates of one epoch on the embeddings of all seeds, in place."""
            directions = embeddings.directions()
            plans = [selector.select(*directions[:, seed], generator) for seed, generator in enumerate(generators)]
            _follow(torch.stack(plans), embeddings, lr)

        return epoch

    return method


def shuffled_sgd(n: int, batch_size: int, generators: list[Generator]) -> Epoch:
    """SGD without replacement: a new random partition each epoch."""
    selector = ShuffledBatches(batch_size)

    def epoch(embeddings: Embeddings, lr: float) -> None:
        """Make the updates of one epoch on the embeddings of all seeds, in place."""
        _follow(torch.stack([selector.plan(n, generator) for generator in generators]), embeddings, lr)

    return epoch


def fixed_batches(n: int, batch_size: int, generators: list[Generator]) -> Epoch:
    """The same partition in every epoch, another one for each seed."""
    plans = torch.stack([FixedBatches(batch_size, seed).plan(n) for seed in range(len(generators))])
    return lambda embeddings, lr: _follow(plans, embeddings, lr)


def chosen_by(line: str):
    """Return the method that asks the selector of a line, such as "SwapSearch", once an epoch; chunks are the whole set.

    Raises:
        ValueError: a line that `parse_method` cannot read.
    """
    chosen = parse_method(line)

    def method(n: int, batch_size: int, generators: list[Generator]) -> Epoch:
        """Return the function that makes the epochs; see `Epoch`."""
        return partition_by(chosen.make(n, batch_size, 1.0, None, None))(n, batch_size, generators)

    return method


def make_method(name: str, batch_size: int, restarts: int = 10):
    """Return the method of this name for batches of `batch_size`; `restarts` are those of k-means in spectral clustering.

    The names of the paper have methods of their own here; any other line goes to `chosen_by`.

    Raises:
        ValueError: a line that cannot be read, or batch_size < 2.
    """
    check_count("batch_size", batch_size, 2)
    methods = {
        "SGD": shuffled_sgd,
        "OSGD": ordered_sgd,
        "SC": partition_by(SpectralClustering(batch_size, n_init=restarts)),
        "SC (exp)": partition_by(SpectralClustering(batch_size, affinity="exp", n_init=restarts)),
        "full batch": full_batch,
        "all batches": all_batches,
        "fixed": fixed_batches,
    }
    return methods.get(name) or chosen_by(name)


def _repeat(family: LongTensor, n: int, updates: int) -> Epoch:
    blocks = gram_blocks(family, n)

    def epoch(embeddings: Embeddings, lr: float) -> None:
        """Make the updates of one epoch on the embeddings of all seeds, in place."""
        for _ in range(updates):
            embeddings.step(blocks, lr)

    return epoch


def _follow(plans: LongTensor, embeddings: Embeddings, lr: float) -> None:
    """Update on one batch after the other of each seed's plan [S, M, B]."""
    blocks = gram_blocks(plans, embeddings.x.shape[2])  # [S, M, B, B]
    for batch in range(plans.shape[1]):
        embeddings.step(blocks[:, batch : batch + 1], lr)
