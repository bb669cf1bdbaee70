"""What an epoch consists of: the view and the caption that each item has, and the batches."""

import torch
from torch import LongTensor, Tensor

from replication.features import PairFeatures
from replication.heads.networks import StackedHeads
from replication.heads.settings import HeadSettings, Training
from replication.seeding import derived_seed
from replication.selection.registry import make_selector
from replication.training.planning import Plan, plan_epoch


def draw_rows(features: PairFeatures, seed: int, epoch: int) -> tuple[LongTensor, LongTensor]:
    """Return which rows the items have in an epoch, [N] each: of the views one after the other [V*N, d1], and of `right`.

    Captions are those that `replication.datasets.pairs.draw_captions` draws. Equal arguments draw the same.
    """
    captions = features.first_caption + _draw(features.counts, seed, "captions", epoch)
    views = _draw(torch.full((len(features),), features.views), seed, "views of features", epoch)
    return views * len(features) + torch.arange(len(features)), captions


def _draw(counts: LongTensor, seed: int, purpose: str, epoch: int) -> LongTensor:
    generator = torch.Generator().manual_seed(derived_seed(seed, purpose, epoch))
    return (torch.rand(len(counts), generator=generator, dtype=torch.float64) * counts).long()


def plan_training(
    training: Training,
    settings: HeadSettings,
    heads: StackedHeads,
    features: PairFeatures,
    rows: tuple[LongTensor, LongTensor],
    epoch: int,
) -> Plan:
    """Return the batches of an epoch of one training; they are those of `PlannedBatchSampler`.

    Args:
        training, settings: say how batches are chosen.
        heads: of this training (G = 1), which give the embeddings; the temperature is theirs where the settings have none.
        features: of the training items.
        rows: which views and captions the items have in this epoch, as `draw_rows` draws them.
        epoch: from 0.

    Raises:
        ValueError: a method that these pairs do not allow.
        FloatingPointError: the heads are no longer finite.
    """
    temperature = settings.temperature or float(heads.temperatures()[0])
    selector = make_selector(training.method, len(features), settings.batch_size, temperature, settings.k, settings.candidates)
    views, captions = rows

    def embed(_: int) -> tuple[Tensor, Tensor]:
        """Return the embeddings of both sides; every pass of an epoch gives the same, as nothing is random in it."""
        return heads.embed("left", features.left.flatten(0, 1), views), heads.embed("right", features.right, captions)

    return plan_epoch(selector, len(features), embed, training.seed, epoch)
