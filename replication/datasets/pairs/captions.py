"""Which caption an image has in an epoch, and all captions for retrieval."""

import torch
from torch import LongTensor

from replication.datasets.pairs.pairs import PairSet
from replication.seeding import derived_seed


def draw_captions(pairs: PairSet, seed: int, epoch: int) -> LongTensor:
    """Return for each image which of its captions it has in an epoch [N]; equal arguments draw the same."""
    generator = torch.Generator().manual_seed(derived_seed(seed, "captions", epoch))
    counts = torch.tensor([len(texts) for texts in pairs.captions])
    return (torch.rand(len(pairs), generator=generator, dtype=torch.float64) * counts).long()


def caption_groups(pairs: PairSet) -> tuple[list[str], LongTensor]:
    """Return all captions, and the position [captions] of the image that each belongs to."""
    texts = [text for captions in pairs.captions for text in captions]
    return texts, torch.arange(len(pairs)).repeat_interleave(torch.tensor([len(captions) for captions in pairs.captions]))
